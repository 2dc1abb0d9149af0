//! Calls muxers in arbitrary order, with arbitrary streams, metadata and packets, on outputs that
//! may fail. Calls may return errors, but must not panic.

#![no_main]

use arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use reelwright_core::MediaKind;
use reelwright_fuzz::{muxers, options, output, packet, stream, tags};

fuzz_target!(|data: &[u8]| {
    // Missing bytes are not an error.
    let _ = run(&mut Unstructured::new(data));
});

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let info = u.choose(&muxers()).copied()?;
    let mut options = options(u, info.options)?;
    let Ok(mut muxer) = info.open(&mut options) else { return Ok(()) };
    let count = if u.ratio(9, 10)? { 1 } else { u.int_in_range(0..=3)? };
    let mut streams = (0..count).map(|_| stream(u)).collect::<Result<Vec<_>>>()?;
    // Most streams should pass the first checks.
    if u.ratio(3, 4)? {
        for stream in &mut streams {
            let codecs = match stream.kind() {
                MediaKind::Audio => info.audio_codecs,
                MediaKind::Subtitle => info.subtitle_codecs,
                _ => info.video_codecs,
            };
            if let [_, ..] = codecs {
                stream.codec = *u.choose(codecs)?;
            }
        }
    }
    let tags = tags(u)?;
    let mut output = output(u)?;
    let mut result = muxer.start(&streams, &tags, &mut output);
    while !u.is_empty() {
        // Calls after an error are unusual, but must not panic.
        if result.is_err() && u.arbitrary()? {
            break;
        }
        result = match u.int_in_range(0..=9)? {
            0 => muxer.flush(&mut output),
            1 if u.arbitrary()? => muxer.finish(&streams, &mut output),
            _ => muxer.write(&packet(u)?, &mut output),
        };
    }
    let _ = muxer.finish(&streams, &mut output);
    Ok(())
}
