//! The page that shows the document to people: one page, one sheet, one script, and nothing from elsewhere.

/// The page, for `/docs`. It asks for `docs/docs.css` and `docs/docs.js` beside itself, and the script for `openapi.json`
/// where `docs` is: the three stand under the same prefix.
pub const DOCS_PAGE: &str = include_str!("docs/index.html");

/// Its sheet, for `/docs/docs.css`.
pub const DOCS_SHEET: &str = include_str!("docs/docs.css");

/// Its script, for `/docs/docs.js`.
pub const DOCS_SCRIPT: &str = include_str!("docs/docs.js");

/// What the page may do, for the header `content-security-policy`: load its own sheet and script, and ask its own server.
pub const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_small_and_needs_nobody_else() {
        let all = [DOCS_PAGE, DOCS_SHEET, DOCS_SCRIPT].concat();
        assert!(all.len() < 20_000, "{} bytes", all.len());
        for foreign in ["http:", "https:", "src=\"//", "href=\"//"] {
            assert!(!all.contains(foreign), "{foreign}");
        }
        assert!(!DOCS_SHEET.contains("url(") && !DOCS_SHEET.contains("@import"));
    }

    #[test]
    fn the_page_does_what_its_policy_allows() {
        // Neither sheets nor scripts in the page, nor markup made of texts.
        for forbidden in ["<style", "style=", "onclick", "onload"] {
            assert!(!DOCS_PAGE.contains(forbidden), "{forbidden}");
        }
        assert!(DOCS_PAGE.matches("<script").count() == 1 && DOCS_PAGE.contains("<script src="));
        for forbidden in ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", ".style."] {
            assert!(!DOCS_SCRIPT.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn what_the_script_looks_for_is_there() {
        let asked = DOCS_SCRIPT.split("at(\"").skip(1).filter_map(|rest| rest.split('"').next());
        let mut count = 0;
        for id in asked {
            assert!(DOCS_PAGE.contains(&format!("id=\"{id}\"")), "{id}");
            count += 1;
        }
        assert!(count > 5, "{count}");
    }
}
