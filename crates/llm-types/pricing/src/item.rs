//! What can be counted and priced: one list for counters, prices and bills.

use std::fmt;

/// What a quantity counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// A token.
    Token,
    /// A character of text.
    Character,
    /// A second. Quantities are milliseconds.
    Second,
    /// An image.
    Image,
    /// A pixel.
    Pixel,
    /// A search, or a search unit of a reranker.
    Query,
    /// A call.
    Request,
    /// A message of text.
    Message,
    /// A page.
    Page,
    /// A vendor's credit.
    Credit,
    /// A session of a tool.
    Session,
    /// A gigabyte for a day. Quantities are thousandths.
    GigabyteDay,
}

impl Unit {
    /// How many of a quantity make one unit: 1, or 1000 where units are divided.
    pub const fn scale(self) -> u64 {
        match self {
            Self::Second | Self::GigabyteDay => 1000,
            _ => 1,
        }
    }

    /// One word, such as `token`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Character => "character",
            Self::Second => "second",
            Self::Image => "image",
            Self::Pixel => "pixel",
            Self::Query => "query",
            Self::Request => "request",
            Self::Message => "message",
            Self::Page => "page",
            Self::Credit => "credit",
            Self::Session => "session",
            Self::GigabyteDay => "gigabyte-day",
        }
    }
}

/// The parts of a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// What was sent.
    Input,
    /// What was read from a prompt cache.
    CacheRead,
    /// What was written to a prompt cache.
    CacheWrite,
    /// What came back.
    Output,
    /// Thinking.
    Reasoning,
    /// Tools that ran at the vendor. Regional uplifts and speed factors leave them alone.
    Tools,
}

macro_rules! items {
    ($( $(#[$doc:meta])* $name:ident $key:literal $(/ $per:literal)? $unit:ident $part:ident $(or $fallback:ident)?; )*) => {
        /// One thing that is counted and priced.
        ///
        /// Each has the name of its price in LiteLLM's published table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Item { $( $(#[$doc])* $name, )* }

        impl Item {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
            /// How many there are.
            pub(crate) const COUNT: usize = Self::ALL.len();

            /// The name of its price.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }

            /// How many units the price under [`key`](Self::key) is for: one, or a thousand.
            pub const fn per(self) -> u16 {
                match self { $(Self::$name => 1 $(* $per)?,)* }
            }

            /// What its quantity counts.
            pub const fn unit(self) -> Unit {
                match self { $(Self::$name => Unit::$unit,)* }
            }

            /// The part of the bill in which it stands.
            pub const fn part(self) -> Part {
                match self { $(Self::$name => Part::$part,)* }
            }

            /// Whose price it takes when it has none of its own.
            pub const fn fallback(self) -> Option<Self> {
                match self { $( $(Self::$name => Some(Self::$fallback),)? )* _ => None }
            }
        }
    };
}

items! {
    /// Tokens read: text, and every kind without a price of its own.
    Input "input_cost_per_token" Token Input;
    /// Tokens read from a prompt cache.
    CacheRead "cache_read_input_token_cost" Token CacheRead or Input;
    /// Tokens read from a cache that the caller made himself.
    CacheReadExplicit "explicit_cache_read_input_token_cost" Token CacheRead or CacheRead;
    /// Sound read from a prompt cache, in tokens.
    CacheReadAudio "cache_read_input_audio_token_cost" Token CacheRead or CacheRead;
    /// Images read from a prompt cache, in tokens.
    CacheReadImage "cache_read_input_image_token_cost" Token CacheRead or CacheRead;
    /// Tokens written to a prompt cache for its usual life: five minutes at Anthropic, thirty at OpenAI.
    CacheWrite "cache_creation_input_token_cost" Token CacheWrite or Input;
    /// Tokens written to a prompt cache for an hour.
    CacheWrite1h "cache_creation_input_token_cost_above_1hr" Token CacheWrite or CacheWrite;
    /// Tokens written to a prompt cache for twelve hours.
    CacheWrite12h "cache_creation_input_token_cost_above_12hr" Token CacheWrite or CacheWrite;
    /// Sound written to a prompt cache, in tokens.
    CacheWriteAudio "cache_creation_input_audio_token_cost" Token CacheWrite or CacheWrite;
    /// Sound read, in tokens.
    InputAudio "input_cost_per_audio_token" Token Input or Input;
    /// Images read, in tokens.
    InputImage "input_cost_per_image_token" Token Input or Input;
    /// Video read, in tokens.
    InputVideo "input_cost_per_video_token" Token Input or Input;
    /// Cited text read, in tokens. Billed only where it has a price.
    Citation "citation_cost_per_token" Token Input;
    /// Tokens written: text, and every kind without a price of its own.
    Output "output_cost_per_token" Token Output;
    /// Thinking, in tokens.
    Reasoning "output_cost_per_reasoning_token" Token Reasoning or Output;
    /// Sound written, in tokens.
    OutputAudio "output_cost_per_audio_token" Token Output or Output;
    /// Images written, in tokens.
    OutputImage "output_cost_per_image_token" Token Output or Output;
    /// Video written, in tokens.
    OutputVideo "output_cost_per_video_token" Token Output or Output;
    /// Text read, in characters.
    InputCharacters "input_cost_per_character" Character Input;
    /// Text written, in characters.
    OutputCharacters "output_cost_per_character" Character Output;
    /// Media read, by length.
    InputSeconds "input_cost_per_second" Second Input or OutputSeconds;
    /// Sound read beside a prompt, by length.
    InputAudioSeconds "input_cost_per_audio_per_second" Second Input;
    /// Video read beside a prompt, by length.
    InputVideoSeconds "input_cost_per_video_per_second" Second Input;
    /// Video read, of more than eight seconds.
    InputVideoSecondsOver8 "input_cost_per_video_per_second_above_8s_interval" Second Input or InputVideoSeconds;
    /// Video read, of more than fifteen seconds.
    InputVideoSecondsOver15 "input_cost_per_video_per_second_above_15s_interval" Second Input or InputVideoSecondsOver8;
    /// Media made, by length. Count video here, or under its resolution.
    OutputSeconds "output_cost_per_second" Second Output or OutputVideoSeconds;
    /// Video made at 480 lines, by length.
    OutputSeconds480p "output_cost_per_second_480p" Second Output or OutputSeconds;
    /// Video made at 720 lines, by length.
    OutputSeconds720p "output_cost_per_second_720p" Second Output or OutputSeconds;
    /// Video made at 768 lines, by length.
    OutputSeconds768p "output_cost_per_second_768p" Second Output or OutputSeconds;
    /// Video made at 1080 lines, by length.
    OutputSeconds1080p "output_cost_per_second_1080p" Second Output or OutputSeconds;
    /// Video made in 2K, by length.
    OutputSeconds2k "output_cost_per_second_2k" Second Output or OutputSeconds;
    /// Video made in 4K, by length.
    OutputSeconds4k "output_cost_per_second_4k" Second Output or OutputSeconds;
    /// Video made, by length, where that is what the price is called.
    OutputVideoSeconds "output_cost_per_video_per_second" Second Output or HardwareSeconds;
    /// Time on the vendor's hardware.
    HardwareSeconds "cost_per_second" Second Output;
    /// Images read.
    InputImages "input_cost_per_image" Image Input;
    /// Images made.
    OutputImages "output_cost_per_image" Image Output or InputImages;
    /// Images made at half of 1K.
    OutputImagesHalfK "output_cost_per_image_0.5K" Image Output or OutputImages;
    /// Images made in 1K.
    OutputImages1k "output_cost_per_image_1K" Image Output or OutputImages;
    /// Images made in 2K.
    OutputImages2k "output_cost_per_image_2K" Image Output or OutputImages;
    /// Images made in 4K.
    OutputImages4k "output_cost_per_image_4K" Image Output or OutputImages;
    /// Images made of 512 pixels a side.
    OutputImages512 "output_cost_per_image_512" Image Output or OutputImages;
    /// Images made of 1024 pixels a side.
    OutputImages1024 "output_cost_per_image_1024" Image Output or OutputImages;
    /// Images made of 1536 pixels a side.
    OutputImages1536 "output_cost_per_image_1536" Image Output or OutputImages;
    /// Pixels of images made. Count them here: most vendors price them on the side of the request.
    InputPixels "input_cost_per_pixel" Pixel Output or OutputPixels;
    /// Pixels of images made, where they are priced on the side of the answer.
    OutputPixels "output_cost_per_pixel" Pixel Output;
    /// Searches, or search units of a reranker.
    Queries "input_cost_per_query" Query Input;
    /// Calls. Where calls have a price, a bill has at least one.
    Requests "input_cost_per_request" Request Input;
    /// Messages of text.
    TextMessages "input_cost_per_text_message" Message Input;
    /// Pages read.
    Pages "ocr_cost_per_page" Page Input;
    /// Pages annotated.
    AnnotatedPages "annotation_cost_per_page" Page Input;
    /// Credits of a page reader.
    PageCredits "ocr_cost_per_credit" Credit Input;
    /// Web searches with little context.
    WebSearchLow "search_context_size_low" Query Tools or WebSearch;
    /// Web searches with the usual context.
    WebSearch "search_context_size_medium" Query Tools;
    /// Web searches with much context.
    WebSearchHigh "search_context_size_high" Query Tools or WebSearch;
    /// Questions to a map.
    MapSearch "google_maps_grounding_cost_per_query" Query Tools;
    /// Sessions of a code interpreter.
    CodeSessions "code_interpreter_cost_per_session" Session Tools;
    /// Searches in files.
    FileSearches "file_search_cost_per_1k_calls" / 1000 Request Tools;
    /// Files kept for search.
    FileStorage "file_search_cost_per_gb_per_day" GigabyteDay Tools;
    /// Vectors kept for search.
    VectorStorage "vector_store_cost_per_gb_per_day" GigabyteDay Tools;
    /// What a computer-use tool read, in tokens.
    ComputerInput "computer_use_input_cost_per_1k_tokens" / 1000 Token Tools;
    /// What a computer-use tool wrote, in tokens.
    ComputerOutput "computer_use_output_cost_per_1k_tokens" / 1000 Token Tools;
}

impl Item {
    /// The item whose price has this name.
    pub(crate) fn from_key(key: &str) -> Option<Self> {
        // What DeepSeek's rows call the price of a cached token.
        if key == "input_cost_per_token_cache_hit" {
            return Some(Self::CacheRead);
        }
        Self::ALL.iter().copied().find(|item| item.key() == key)
    }

    /// The item with this number.
    pub(crate) fn from_index(index: u8) -> Option<Self> {
        Self::ALL.get(usize::from(index)).copied()
    }

    /// Whether it is counted in tokens of the prompt.
    pub(crate) const fn is_prompt_token(self) -> bool {
        (self as u8) < (Self::Citation as u8)
    }

    /// Whether it is counted in tokens of the prompt or of the answer.
    pub(crate) const fn is_token(self) -> bool {
        (self as u8) < (Self::InputCharacters as u8)
    }

    /// Whether it costs nothing where it has no price: some vendors count it and do not charge for it.
    pub(crate) const fn is_charged_only_if_priced(self) -> bool {
        matches!(self, Self::Citation | Self::Requests | Self::TextMessages)
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.key())
    }
}

impl serde::Serialize for Item {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_and_numbers_find_their_items() {
        let names: HashSet<_> = Item::ALL.iter().map(|item| item.key()).collect();
        assert_eq!(names.len(), Item::COUNT);
        for (index, item) in Item::ALL.iter().enumerate() {
            assert_eq!(Item::from_key(item.key()), Some(*item));
            assert_eq!(Item::from_index(index as u8), Some(*item));
        }
    }

    #[test]
    fn every_chain_of_fallbacks_ends() {
        for item in Item::ALL {
            let chain = std::iter::successors(Some(*item), |item| item.fallback());
            assert!(chain.count() <= 5, "{item}");
        }
    }

    #[test]
    fn prompt_tokens_are_the_first_items() {
        let prompt: Vec<_> = Item::ALL.iter().filter(|item| item.is_prompt_token()).collect();
        assert_eq!((prompt.first(), prompt.last()), (Some(&&Item::Input), Some(&&Item::InputVideo)));
        assert!(prompt.iter().all(|item| item.unit() == Unit::Token && item.part() != Part::Output));
        assert!(Item::OutputVideo.is_token() && !Item::InputCharacters.is_token());
    }
}
