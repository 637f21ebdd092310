//! Where vendors' regions are.

use crate::Candidate;

impl<'a> Candidate<'a> {
    /// Where it is served from: what its settings say, else what the vendor's do.
    pub fn region(&self) -> Option<&'a str> {
        self.settings.region_name.as_deref().or(self.facts.region.as_deref())
    }
}

/// Areas whose law holds for a region. Only what is in the European Union counts as `eu`: not London, Zurich or Oslo.
const AREAS: [&str; 2] = ["eu", "us"];

/// The area of a region, as far as it is one of those that have a name here: `eu` or `us`.
pub fn area(region: &str) -> Option<&'static str> {
    if let Some(area) = AREAS.into_iter().find(|area| region.eq_ignore_ascii_case(area)) {
        return Some(area);
    }
    let known = |(name, _): &&(&str, &str)| region.eq_ignore_ascii_case(name);
    if let Some((_, area)) = REGIONS.iter().find(known) {
        return Some(area);
    }
    // A zone of a region, such as `us-east-1a` or `europe-west4-b`.
    let zone = region.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim_end_matches('-');
    if zone.len() < region.len()
        && region.len() - zone.len() <= 2
        && zone.ends_with(|c: char| c.is_ascii_digit())
    {
        return REGIONS.iter().find(|(name, _)| zone.eq_ignore_ascii_case(name)).map(|(_, area)| *area);
    }
    None
}

/// Whether a place lies within a region: the region itself, or one of an area.
pub(crate) fn is_within(place: &str, region: &str) -> bool {
    place.eq_ignore_ascii_case(region)
        || AREAS.into_iter().any(|name| region.eq_ignore_ascii_case(name) && area(place) == Some(name))
}

/// Regions and their areas.
///
/// Sources, all read 2026-11: AWS General Reference, Regions and Availability Zones; Google Cloud documentation, Regions
/// and zones, and Vertex AI documentation, Locations; Microsoft Azure documentation, List of Azure regions; IBM Cloud
/// documentation, Region and data center locations; Oracle Cloud Infrastructure documentation, Regions and Availability
/// Domains.
const REGIONS: &[(&str, &str)] = &[
    // AWS. eu-west-2 is London, eu-central-2 is Zurich.
    ("eu-central-1", "eu"),
    ("eu-west-1", "eu"),
    ("eu-west-3", "eu"),
    ("eu-north-1", "eu"),
    ("eu-south-1", "eu"),
    ("eu-south-2", "eu"),
    ("eusc-de-east-1", "eu"),
    ("us-east-1", "us"),
    ("us-east-2", "us"),
    ("us-west-1", "us"),
    ("us-west-2", "us"),
    ("us-gov-east-1", "us"),
    ("us-gov-west-1", "us"),
    // Google Cloud. europe-west2 is London, europe-west6 is Zurich.
    ("europe-central2", "eu"),
    ("europe-north1", "eu"),
    ("europe-north2", "eu"),
    ("europe-southwest1", "eu"),
    ("europe-west1", "eu"),
    ("europe-west3", "eu"),
    ("europe-west4", "eu"),
    ("europe-west8", "eu"),
    ("europe-west9", "eu"),
    ("europe-west10", "eu"),
    ("europe-west12", "eu"),
    ("us-central1", "us"),
    ("us-east1", "us"),
    ("us-east4", "us"),
    ("us-east5", "us"),
    ("us-south1", "us"),
    ("us-west1", "us"),
    ("us-west2", "us"),
    ("us-west3", "us"),
    ("us-west4", "us"),
    // Azure.
    ("austriaeast", "eu"),
    ("belgiumcentral", "eu"),
    ("denmarkeast", "eu"),
    ("francecentral", "eu"),
    ("francesouth", "eu"),
    ("germanynorth", "eu"),
    ("germanywestcentral", "eu"),
    ("italynorth", "eu"),
    ("northeurope", "eu"),
    ("polandcentral", "eu"),
    ("spaincentral", "eu"),
    ("swedencentral", "eu"),
    ("swedensouth", "eu"),
    ("westeurope", "eu"),
    ("centralus", "us"),
    ("eastus", "us"),
    ("eastus2", "us"),
    ("northcentralus", "us"),
    ("southcentralus", "us"),
    ("westcentralus", "us"),
    ("westus", "us"),
    ("westus2", "us"),
    ("westus3", "us"),
    ("usgovarizona", "us"),
    ("usgovtexas", "us"),
    ("usgovvirginia", "us"),
    // IBM Cloud.
    ("eu-de", "eu"),
    ("eu-es", "eu"),
    ("us-east", "us"),
    ("us-south", "us"),
    // Oracle Cloud.
    ("eu-amsterdam-1", "eu"),
    ("eu-frankfurt-1", "eu"),
    ("eu-madrid-1", "eu"),
    ("eu-marseille-1", "eu"),
    ("eu-milan-1", "eu"),
    ("eu-paris-1", "eu"),
    ("eu-stockholm-1", "eu"),
    ("us-ashburn-1", "us"),
    ("us-chicago-1", "us"),
    ("us-phoenix-1", "us"),
    ("us-sanjose-1", "us"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_of_all_vendors_have_an_area() {
        for (region, expected) in [
            ("eu", Some("eu")),
            ("EU", Some("eu")),
            ("us", Some("us")),
            ("eu-west-1", Some("eu")),
            ("us-east-1a", Some("us")),
            ("europe-west4", Some("eu")),
            ("europe-west4-b", Some("eu")),
            ("WestEurope", Some("eu")),
            ("swedencentral", Some("eu")),
            ("eastus", Some("us")),
            ("us-central1", Some("us")),
            ("eu-de", Some("eu")),
            // In Europe, and not in the Union.
            ("eu-west-2", None),
            ("eu-central-2", None),
            ("europe-west2", None),
            ("europe-west6", None),
            ("uksouth", None),
            ("switzerlandnorth", None),
            ("norwayeast", None),
            // Anywhere else, or nowhere.
            ("ap-southeast-2", None),
            ("global", None),
            ("eu-west-1-anywhere", None),
            ("", None),
        ] {
            assert_eq!(area(region), expected, "{region}");
        }
    }

    #[test]
    fn a_place_lies_within_itself_and_within_its_area() {
        assert!(is_within("eu-west-1", "eu-west-1"));
        assert!(is_within("eu-west-1", "EU"));
        assert!(is_within("eu", "eu"));
        assert!(is_within("mars", "mars"));
        assert!(!is_within("eu-west-2", "eu"));
        assert!(!is_within("eu", "eu-west-1"), "the area may be anywhere in it");
        assert!(!is_within("eu-west-1", "eu-west-3"));
    }
}
