//! Pairs of container and codec.

use reelwright::{
    AudioEncoderInfo, ChannelLayout, ChannelLayouts, CodecId, MuxerInfo, SampleRates, muxers,
};

use super::super::case::{Case, Settings, Signal};

/// Rates to test if an encoder supports all rates.
const RATES: [u32; 5] = [8000, 11_025, 44_100, 48_000, 96_000];

/// A container and a codec that it supports.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) muxer: &'static MuxerInfo,
    pub(super) encoder: &'static AudioEncoderInfo,
}

impl Pair {
    pub(super) fn codec(&self) -> CodecId {
        self.encoder.encoder.codec
    }

    /// Returns a case with the most common parameters.
    pub(super) fn case(
        &self,
        sample_rate: u32,
        layout: ChannelLayout,
        input_frames: usize,
    ) -> Case {
        Case {
            muxer: self.muxer,
            encoder: self.encoder,
            input_rate: sample_rate,
            sample_rate,
            layout,
            seekable: true,
            signal: Signal::Media,
            input_frames,
            settings: Settings::default(),
        }
    }

    pub(super) fn is_lossless(&self) -> bool {
        self.case(48_000, ChannelLayout::MONO, 0).is_lossless()
    }

    pub(super) fn rates(&self) -> &'static [u32] {
        match self.encoder.sample_rates {
            SampleRates::UpTo(_) => &RATES,
            SampleRates::List(rates) => rates,
        }
    }

    /// Returns 48 kHz, or the highest rate below it.
    pub(super) fn usual_rate(&self) -> u32 {
        self.rates().iter().copied().filter(|rate| *rate <= 48_000).max().unwrap_or(48_000)
    }

    /// Returns all supported layouts, or one per number of channels if any is supported.
    pub(super) fn layouts(&self) -> Vec<ChannelLayout> {
        match self.encoder.layouts {
            ChannelLayouts::List(layouts) => layouts.to_vec(),
            ChannelLayouts::UpTo(most) => [1, 2, 6, 8]
                .into_iter()
                .filter(|channels| *channels <= most)
                .filter_map(|channels| ChannelLayout::default_for(channels).ok())
                .collect(),
        }
    }

    /// Returns true if the output must be seekable.
    pub(super) fn must_seek(&self) -> bool {
        self.muxer.name == "caf" && self.codec() == CodecId::Alac
    }

    /// Returns true if files state the start and end of the audio.
    pub(super) fn states_length(&self) -> bool {
        match self.codec() {
            CodecId::Mp3 | CodecId::Alac => true,
            CodecId::Aac => self.muxer.name == "mp4",
            CodecId::Opus | CodecId::Flac => self.muxer.name != "flac",
            _ => false,
        }
    }

    /// Returns true if the container is the first one that supports the codec. Several containers
    /// differ in little but the name.
    pub(super) fn is_first_of_codec(&self) -> bool {
        let first = muxers().find(|muxer| muxer.audio_codecs.contains(&self.codec()));
        first.is_some_and(|first| first.name == self.muxer.name)
    }
}

/// Returns each case with a seekable and an unseekable output.
pub(super) fn with_streamed(cases: impl IntoIterator<Item = Case>) -> Vec<Case> {
    let both = |case: Case| [Case { seekable: false, ..case.clone() }, case];
    cases.into_iter().flat_map(both).collect()
}
