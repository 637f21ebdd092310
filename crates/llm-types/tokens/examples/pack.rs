//! Packs a vocabulary in tiktoken's form into this crate's: `cargo run -p llm-tokens --example pack -- FROM TO`.
//!
//! The originals are published by OpenAI with tiktoken. Their SHA-256, as tiktoken 0.14 has them:
//!
//! ```text
//! o200k_base.tiktoken   446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d
//! cl100k_base.tiktoken  223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7
//! ```

#![allow(clippy::print_stdout, reason = "a command tells what it did")]

use std::collections::HashMap;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(from), Some(to)) = (arguments.next(), arguments.next()) else {
        println!("usage: pack FROM.tiktoken TO.bin");
        return Ok(());
    };
    let tokens = read(&std::fs::read_to_string(&from).with_context(|| from.clone())?)?;
    let packed = miniz_oxide::deflate::compress_to_vec(&pack(&tokens)?, 10);
    println!("{} tokens in {} bytes", tokens.len(), packed.len());
    std::fs::write(&to, packed).with_context(|| to.clone())
}

/// The tokens in the order of their ranks, which count from 0 without a gap.
fn read(text: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut tokens = Vec::new();
    for line in text.lines() {
        let (token, rank) = line.split_once(' ').context("a line is a token and its rank")?;
        anyhow::ensure!(rank.parse() == Ok(tokens.len()), "rank {rank} is not the next");
        tokens.push(STANDARD.decode(token)?);
    }
    Ok(tokens)
}

/// The single bytes, then for all others the ranks of the two tokens that they are made of, plane by plane.
fn pack(tokens: &[Vec<u8>]) -> anyhow::Result<Vec<u8>> {
    let ranks: HashMap<&[u8], usize> =
        tokens.iter().enumerate().map(|(rank, token)| (&token[..], rank)).collect();
    let (bytes, others) = tokens.split_at_checked(256).context("fewer tokens than bytes")?;
    let mut out: Vec<u8> = bytes.iter().filter_map(|token| token.first().copied()).collect();
    anyhow::ensure!(bytes.iter().all(|token| token.len() == 1), "the first 256 are not the single bytes");
    let mut pairs = Vec::with_capacity(others.len());
    for (rank, token) in (256..).zip(others) {
        let pair = (1..token.len()).find_map(|at| {
            let (left, right) = (*ranks.get(&token[..at])?, *ranks.get(&token[at..])?);
            (left < rank && right < rank).then_some([left, right])
        });
        pairs.push(pair.with_context(|| format!("token {rank} is not made of two earlier ones"))?);
    }
    for side in 0..2 {
        for shift in [16, 8, 0] {
            out.extend(pairs.iter().map(|pair| (pair[side] >> shift & 0xff) as u8));
        }
    }
    Ok(out)
}
