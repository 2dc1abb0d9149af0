//! Which files are made.

mod lengths;
mod lossless;
mod lossy;
mod options;

use reelwright::{
    AudioEncoderInfo, ChannelLayout, CodecId, Layouts, MuxerInfo, SampleRates, audio_encoders,
    muxers,
};

use super::case::{Case, Settings};
use super::sound::Signal;

/// Where an encoder takes any rate.
const RATES: [u32; 5] = [8000, 11_025, 44_100, 48_000, 96_000];

/// Whether a muxer is asked for: each is, where none is named.
pub(super) fn is_asked(muxer: &MuxerInfo, only: &[&str]) -> bool {
    only.is_empty() || only.contains(&muxer.name)
}

/// Every case of the muxers asked for, in groups that a program can look at in one run.
pub(super) fn groups(only: &[&str]) -> Vec<Vec<Case>> {
    let pairs: Vec<Pair> = muxers()
        // They are MP4 under other brands, and the films have them.
        .filter(|muxer| is_asked(muxer, only))
        .filter(|muxer| !["ipod", "3gp", "3g2"].contains(&muxer.name))
        .flat_map(|muxer| {
            let encoders = audio_encoders();
            let taken = encoders.filter(|info| muxer.audio_codecs.contains(&info.encoder.codec));
            taken.map(move |encoder| Pair { muxer, encoder })
        })
        .collect();
    let groups = pairs.iter().flat_map(|pair| {
        let matrix = if pair.is_lossless() { lossless::groups } else { lossy::groups };
        [matrix(pair), lengths::groups(pair), options::groups(pair)].into_iter().flatten()
    });
    groups.filter(|group| !group.is_empty()).collect()
}

/// A container and a codec that it takes.
#[derive(Debug, Clone, Copy)]
struct Pair {
    muxer: &'static MuxerInfo,
    encoder: &'static AudioEncoderInfo,
}

impl Pair {
    fn codec(&self) -> CodecId {
        self.encoder.encoder.codec
    }

    /// A file with what is most usual.
    fn case(&self, sample_rate: u32, layout: ChannelLayout, input_frames: usize) -> Case {
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

    fn is_lossless(&self) -> bool {
        self.case(48_000, ChannelLayout::MONO, 0).is_lossless()
    }

    fn rates(&self) -> &'static [u32] {
        match self.encoder.sample_rates {
            SampleRates::UpTo(_) => &RATES,
            SampleRates::List(rates) => rates,
        }
    }

    /// The usual rate, or the highest below it.
    fn usual_rate(&self) -> u32 {
        self.rates().iter().copied().filter(|rate| *rate <= 48_000).max().unwrap_or(48_000)
    }

    /// Every layout that is taken, one of each where all are.
    fn layouts(&self) -> Vec<ChannelLayout> {
        match self.encoder.layouts {
            Layouts::List(layouts) => layouts.to_vec(),
            Layouts::UpTo(most) => [1, 2, 6, 8]
                .into_iter()
                .filter(|channels| *channels <= most)
                .filter_map(|channels| ChannelLayout::default_for(channels).ok())
                .collect(),
        }
    }

    /// Whether the file needs an output that can seek.
    fn must_seek(&self) -> bool {
        self.muxer.name == "caf" && self.codec() == CodecId::Alac
    }

    /// Whether a file says where its sound begins and ends.
    fn says_length(&self) -> bool {
        match self.codec() {
            CodecId::Mp3 | CodecId::Alac => true,
            CodecId::Aac => self.muxer.name == "mp4",
            CodecId::Opus | CodecId::Flac => self.muxer.name != "flac",
            _ => false,
        }
    }

    /// Whether this container is the codec's first of several that differ in little but a name.
    fn is_first_of_codec(&self) -> bool {
        let first = muxers().find(|muxer| muxer.audio_codecs.contains(&self.codec()));
        first.is_some_and(|first| first.name == self.muxer.name)
    }
}

/// Each case to an output that can seek and to one that cannot.
fn with_streamed(cases: impl IntoIterator<Item = Case>) -> Vec<Case> {
    let both = |case: Case| [Case { seekable: false, ..case.clone() }, case];
    cases.into_iter().flat_map(both).collect()
}
