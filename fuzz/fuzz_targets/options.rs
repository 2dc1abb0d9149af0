//! Any options of every encoder and muxer: valid, or an error. No panic.

#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use reelwright_core::{
    AudioEncoderRequest, AudioFormat, ChannelLayout, CodecConfig, ErrorKind, ChannelLayouts, SampleRates,
};
use reelwright_fuzz::{encoders, layout, muxers, options};

fuzz_target!(|data: &[u8]| {
    // Missing bytes are not an error.
    let _ = run(&mut Unstructured::new(data));
});

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let result = if u.arbitrary()? {
        let info = u.choose(&muxers()).copied()?;
        let mut options = options(u, info.options)?;
        info.open(&mut options).and_then(|_| options.finish(info.options))
    } else {
        let info = u.choose(&encoders()).copied()?;
        let mut options = options(u, info.encoder.options)?;
        let sample_rate = match info.sample_rates {
            SampleRates::UpTo(max) => u.int_in_range(1..=max)?,
            SampleRates::List(rates) => *u.choose(rates)?,
        };
        let layout = match info.layouts {
            ChannelLayouts::List(layouts) => *u.choose(layouts)?,
            ChannelLayouts::UpTo(_) => Some(layout(u)?)
                .filter(|layout| info.layouts.contains(*layout))
                .unwrap_or(ChannelLayout::MONO),
        };
        let request = AudioEncoderRequest::new(
            info.encoder.codec,
            AudioFormat { sample_format: *u.choose(info.sample_formats)?, sample_rate, layout },
        )
        .config(CodecConfig {
            compression_level: Option::arbitrary(u)?,
            bit_rate: Option::arbitrary(u)?,
            qscale: Option::arbitrary(u)?,
            ..CodecConfig::default()
        });
        info.open(&request, &mut options).and_then(|_| options.finish(info.encoder.options))
    };
    if let Err(error) = result {
        let kinds = [ErrorKind::Option, ErrorKind::Argument, ErrorKind::Unsupported];
        assert!(kinds.contains(&error.kind()), "{error}");
    }
    Ok(())
}
