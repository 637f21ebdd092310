//! Which of several measures of the same thing is billed.
//!
//! A spoken minute has seconds and tokens, a text has characters and tokens, a picture has pixels and tokens. A model
//! charges for one of them. Here the others are taken away, so that nothing is paid for twice.

use crate::prices::Situation;
use crate::{Item, Prices, Quantities, SearchUnit};

const IMAGES: [Item; 8] = [
    Item::OutputImages,
    Item::OutputImagesHalfK,
    Item::OutputImages1k,
    Item::OutputImages2k,
    Item::OutputImages4k,
    Item::OutputImages512,
    Item::OutputImages1024,
    Item::OutputImages1536,
];

const SEARCHES: [Item; 3] = [Item::WebSearchHigh, Item::WebSearch, Item::WebSearchLow];

/// Leaves of what was measured what is to be billed.
pub(crate) fn bill(left: &mut Quantities, prices: &Prices, when: Situation) {
    let bill = Bill { prices, when };
    bill.requests(left);
    bill.searches(left);
    bill.output_of_image_models(left);
    // Where a length, a number or characters have a price, that price is for the tokens of the same thing.
    bill.either(left, Item::InputCharacters, Item::Input);
    bill.either(left, Item::OutputCharacters, Item::Output);
    bill.either(left, Item::InputAudioSeconds, Item::InputAudio);
    bill.either(left, Item::InputVideoSecondsOver15, Item::InputVideo);
    bill.either(left, Item::InputVideoSecondsOver8, Item::InputVideo);
    bill.either(left, Item::InputVideoSeconds, Item::InputVideo);
    bill.either(left, Item::InputImages, Item::InputImage);
    bill.lengths(left);
    bill.images(left);
}

struct Bill<'a> {
    prices: &'a Prices,
    when: Situation,
}

impl Bill<'_> {
    /// Whether an item has a price, and not the price of tokens of any kind.
    fn is_priced(&self, item: Item) -> bool {
        self.prices.quote(item, self.when).is_some()
    }

    fn costs_something(&self, item: Item) -> bool {
        self.prices.quote(item, self.when).is_some_and(|quote| quote.rate.femtos() > 0)
    }

    /// A price by the call is paid at least once.
    fn requests(&self, left: &mut Quantities) {
        if left.get(Item::Requests) == 0 && self.prices.has(Item::Requests) {
            left.set(Item::Requests, 1);
        }
    }

    /// Some vendors charge once for an answer that searched.
    fn searches(&self, left: &mut Quantities) {
        if self.prices.searches() == SearchUnit::Query {
            return;
        }
        let mut charged = false;
        for item in SEARCHES.into_iter().filter(|item| measured(left, *item)).collect::<Vec<_>>() {
            left.set(item, u64::from(!charged));
            charged = true;
        }
    }

    /// A model that prices images written and no text writes images: tokens that nobody has broken down are those.
    fn output_of_image_models(&self, left: &mut Quantities) {
        if self.prices.has(Item::OutputImage) && !self.is_priced(Item::Output) {
            let sum = left.get(Item::OutputImage).saturating_add(left.get(Item::Output));
            left.set(Item::OutputImage, sum);
            left.set(Item::Output, 0);
        }
    }

    /// One of a measure and the tokens of the same thing: the measure if it has a price, else the tokens.
    fn either(&self, left: &mut Quantities, measure: Item, tokens: Item) {
        if !measured(left, measure) {
            return;
        }
        if self.is_priced(measure) {
            left.set(tokens, 0);
        } else if measured(left, tokens) || measured(left, Item::Input) {
            left.set(measure, 0);
        }
    }

    /// The length of what was heard, unless its tokens were charged.
    fn lengths(&self, left: &mut Quantities) {
        if !measured(left, Item::InputSeconds) {
            return;
        }
        let by_token = [Item::Input, Item::InputAudio];
        if by_token.into_iter().any(|item| measured(left, item) && self.costs_something(item)) {
            left.set(Item::InputSeconds, 0);
        } else if !self.costs_something(Item::InputSeconds) && self.costs_something(Item::OutputSeconds) {
            // Some rows price the same length on the side of the answer.
            let length = left.get(Item::InputSeconds).saturating_add(left.get(Item::OutputSeconds));
            left.set(Item::OutputSeconds, length);
            left.set(Item::InputSeconds, 0);
        }
    }

    /// Images made: by token if tokens were counted, else by the image, else by the pixel.
    fn images(&self, left: &mut Quantities) {
        let tokens = [Item::OutputImage, Item::Output];
        let by_token = tokens.into_iter().any(|item| measured(left, item) && self.costs_something(item));
        let by_image = IMAGES.into_iter().any(|item| measured(left, item) && self.costs_something(item));
        let pixels = [Item::InputPixels, Item::OutputPixels];
        let by_pixel = pixels.into_iter().any(|item| measured(left, item) && self.costs_something(item));
        if by_token || (!by_image && by_pixel) {
            IMAGES.into_iter().for_each(|item| left.set(item, 0));
        }
        if by_token || by_image || IMAGES.into_iter().any(|item| measured(left, item)) {
            pixels.into_iter().for_each(|item| left.set(item, 0));
        }
    }
}

fn measured(left: &Quantities, item: Item) -> bool {
    left.get(item) > 0
}
