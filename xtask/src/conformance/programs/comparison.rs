//! Comparison of files with each other, and checks that no program performs.

use std::cmp::Ordering;

use anyhow::Context;
use reelwright::CodecId;

use super::super::case::Case;
use super::super::program::Problem;
use super::super::written::Written;

/// Compares each file with earlier ones of the same input, and checks WAV's `fact` chunk of ADPCM.
pub(super) fn check(files: &[&Written]) -> anyhow::Result<Vec<Vec<Problem>>> {
    let bytes =
        files.iter().map(|file| std::fs::read(&file.path)).collect::<Result<Vec<_>, _>>()?;
    let check = |(index, file): (usize, &&Written)| {
        let earlier = files[..index].iter().zip(&bytes);
        let like = earlier.filter(|(other, _)| has_same_input(&other.case, &file.case));
        let mut problems: Vec<Problem> = like
            .filter_map(|(other, before)| beside(&other.case, before, &file.case, &bytes[index]))
            .collect();
        problems.extend(wrong_fact(&file.case, &bytes[index]));
        problems
    };
    Ok(files.iter().enumerate().map(check).collect())
}

fn has_same_input(a: &Case, b: &Case) -> bool {
    let key = |case: &Case| {
        let Case { input_rate, sample_rate, layout, seekable, signal, input_frames, .. } = *case;
        (input_rate, sample_rate, layout, seekable, signal, input_frames)
    };
    key(a) == key(b) && a.settings != b.settings
}

/// Checks that a higher bit rate or quality makes a larger file, and that options change the file.
fn beside(a: &Case, before: &[u8], b: &Case, after: &[u8]) -> Option<Problem> {
    let rates = a.settings.bit_rate.zip(b.settings.bit_rate).filter(|(a, b)| a != b);
    let rates = rates.map(|(a, b)| a.cmp(&b));
    let qscales = a.settings.qscale.zip(b.settings.qscale);
    // The best quality is 0 in MP3, as in FFmpeg.
    let qscales = qscales.map(|(a, b)| a.total_cmp(&b));
    let qscales = qscales.map(|o| if b.codec() == CodecId::Mp3 { o.reverse() } else { o });
    let found = before.len().cmp(&after.len());
    let word = |order: Ordering| if order == Ordering::Less { "larger" } else { "smaller" };
    if let Some(expected) = rates.or(qscales) {
        let message = format!("no {} file than with{}", word(expected), a.settings);
        return (found != expected).then(|| Problem::new("size", message));
    }
    let same = before == after;
    same.then(|| Problem::new("options", format!("the same bytes as with{}", a.settings)))
}

/// Checks the number of samples in WAV's `fact` chunk.
fn wrong_fact(case: &Case, file: &[u8]) -> Option<Problem> {
    let is_block_coded = matches!(case.codec(), CodecId::AdpcmImaWav | CodecId::AdpcmMs);
    if case.muxer.name != "wav" || !case.seekable || !is_block_coded {
        return None;
    }
    let fact = fact(file).context("no fact chunk");
    let is_wrong = fact.as_ref().is_ok_and(|found| *found as usize != case.frames());
    let problem = |found: String| Problem::new("fact", found);
    match fact {
        Err(error) => Some(problem(error.to_string())),
        Ok(found) => {
            is_wrong.then(|| problem(format!("{found} samples instead of {}", case.frames())))
        }
    }
}

fn fact(file: &[u8]) -> Option<u32> {
    let word = |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?));
    let mut at = 12;
    while file.get(at..at + 4)? != b"fact" {
        at += 8 + word(at + 4)?.next_multiple_of(2) as usize;
    }
    word(at + 8)
}
