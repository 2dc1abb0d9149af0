//! Subtitle files, chapter files and text packets: their contents or an error. No panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use reelwright_core::Metadata;
use reelwright_core::helpers::WebVttCue;
use reelwright_core::helpers::timed_text::TimedText;
use reelwright_reader::{SubtitleFile, ffmetadata, plain_text};

fuzz_target!(|data: &[u8]| {
    if let Ok(file) = SubtitleFile::read(data) {
        for cue in &file.cues {
            assert!(cue.start <= cue.end);
            plain_text(&cue.text);
        }
        assert!(file.cues.is_sorted_by_key(|cue| cue.start));
    }
    // Times in files may be in any order.
    let _ = ffmetadata::chapters(data).map(|chapters| Metadata::new().set_chapters(chapters));
    if let Ok(text) = TimedText::from_bytes(data) {
        let again = TimedText::from_bytes(&text.to_bytes(9).unwrap()).unwrap();
        assert_eq!(again.text, text.text);
    }
    if let Ok(cue) = WebVttCue::from_bytes(data)
        && let Ok(bytes) = cue.to_bytes()
    {
        assert_eq!(WebVttCue::from_bytes(&bytes).unwrap(), cue);
    }
});
