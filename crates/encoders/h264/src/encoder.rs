//! Pictures in, packets out.

use reelwright_core::{
    AvcConfig, ChromaLocation, CodecId, CodecRecord, ColorRange, Error, MediaParameters, Options,
    PacketQueue, Rational, Result, StreamParameters, Timestamp, VideoEncoder, VideoEncoderRequest,
    VideoFrame, VideoParameters,
};

use crate::coder::{Color, Encoder, Planes, Settings};
use crate::config::{Config, Rate};
use crate::level::{self, Pace, Peak};
use crate::rate::{RateControl, step};

/// The types of NAL units that are not in packets but in the record (H.264 table 7-1).
const SPS: u8 = 7;
const PPS: u8 = 8;
/// `chroma_sample_loc_type` of chroma in the middle of its pixels (figure E-1).
const CENTER: u8 = 1;
/// A picture that is so many times as hard as the last keyframe is a cut where it is also so many
/// times as hard as pictures lately are.
const HARDER_THAN_KEYFRAME: f64 = 1.5;
const HARDER_THAN_OTHERS: f64 = 4.0;
/// So many times the intra macroblocks that pictures lately have is a cut.
const MORE_INTRA: f32 = 2.0;
/// Smaller ones are no harder, in bytes.
const LEAST_CUT: usize = 2048;
/// How much more than on average the fullest second has at most, roughly.
const PEAK_FACTOR: u64 = 2;
/// How much finer the quantiser of keyframes is, which others are predicted from.
const KEYFRAME_QP: u32 = 2;

/// One stream at work.
pub(crate) struct H264Encoder {
    parameters: StreamParameters,
    coder: Encoder,
    control: Control,
    gop: Gop,
    cuts: Cuts,
    /// The quantizer of the last picture.
    qp: u32,
    pace: Pace,
    /// A picture as the coder writes it.
    units: Vec<u8>,
    peak: Peak,
    /// The rows of a frame that is stored upside down, from the first to the last.
    copy: Option<VideoFrame>,
}

/// Keyframe interval, in frames and in time.
#[derive(Debug)]
struct Gop {
    /// The most frames and units of the time base from one keyframe to the next.
    most_frames: u32,
    most_units: Option<i64>,
    /// Frames since the last keyframe, and its pts.
    frames: u32,
    keyframe: Option<Timestamp>,
}

impl Gop {
    fn is_due(&self, pts: Timestamp) -> bool {
        self.keyframe.is_none_or(|keyframe| {
            let units = pts.0.saturating_sub(keyframe.0);
            self.frames >= self.most_frames || self.most_units.is_some_and(|most| units >= most)
        })
    }

    fn add(&mut self, pts: Timestamp, is_keyframe: bool) {
        if is_keyframe {
            (self.frames, self.keyframe) = (0, Some(pts));
        }
        self.frames += 1;
    }
}

/// How quantisers are chosen.
enum Control {
    Quantizer(u32),
    Average(Box<RateControl>),
}

/// Where pictures are so different from those before that they become keyframes.
#[derive(Debug)]
struct Cuts {
    /// From which share of intra macroblocks on; above 1 there are none.
    share: f32,
    /// Bytes times step of the last keyframe.
    keyframe: f64,
    /// The same of pictures lately, and their share of intra macroblocks.
    others: f64,
    intra: f32,
}

impl Cuts {
    /// Whether a picture of so many bytes is one that was encoded with a quantiser, with this share
    /// of intra macroblocks; takes note of it.
    fn is_cut(&mut self, bytes: usize, qp: u32, intra: f32) -> bool {
        let difficulty = bytes as f64 * step(qp.into());
        let has_more_intra = intra >= self.share.max(MORE_INTRA * self.intra);
        let is_harder = bytes >= LEAST_CUT
            && difficulty > HARDER_THAN_KEYFRAME * self.keyframe
            && difficulty > HARDER_THAN_OTHERS * self.others;
        let is_cut = self.share < 1.0 && (has_more_intra || is_harder);
        // What comes after a cut may be as different: grain, or a fade.
        let weight = if is_cut { 1.0 } else { 0.5 };
        self.intra += weight * (intra - self.intra);
        self.others += f64::from(weight) * (difficulty - self.others);
        is_cut
    }
}

impl H264Encoder {
    pub(crate) fn open(
        request: &VideoEncoderRequest,
        options: &mut Options,
    ) -> Result<Box<dyn VideoEncoder>> {
        let config = Config::new(request, options)?;
        let coder = Encoder::new(settings(request, &config)?)
            .map_err(|error| Error::unsupported(format!("h264: {error}.")))?;
        let (mut sets, mut units) = (AvcConfig { sps: Vec::new(), pps: Vec::new() }, Vec::new());
        coder.parameter_sets(&mut units);
        for unit in nal_units(&units) {
            match unit.first().map(|header| header & 0x1f) {
                Some(SPS) => sets.sps = unit.to_vec(),
                Some(PPS) => sets.pps = unit.to_vec(),
                _ => {}
            }
        }
        // Until the frames' times are known.
        level::set(&mut sets.sps, coder.level(config.frame_rate.to_f64()));
        if let Rate::Average(bit_rate) = config.rate {
            level::raise(&mut sets.sps, PEAK_FACTOR * bit_rate);
        }
        sets.to_bytes()?;
        let parameters = StreamParameters {
            language: None,
            time_base: request.time_base,
            codec: CodecId::H264,
            record: CodecRecord::H264(sets),
            bit_rate: match config.rate {
                Rate::Average(bit_rate) => Some(bit_rate),
                Rate::Quantizer(_) => None,
            },
            media: MediaParameters::Video(VideoParameters {
                format: request.format,
                frame_rate: Some(request.frame_rate),
            }),
        };
        let control = match config.rate {
            Rate::Quantizer(qp) => Control::Quantizer(qp),
            Rate::Average(bit_rate) => {
                let pixels = u64::from(request.format.width) * u64::from(request.format.height);
                let (rate, gop_size) = (config.frame_rate, config.gop_size);
                Control::Average(Box::new(RateControl::new(bit_rate, rate, pixels, gop_size)))
            }
        };
        Ok(Box::new(Self {
            parameters,
            coder,
            control,
            gop: Gop {
                most_frames: config.longest_gop,
                most_units: config.keyframe_interval,
                frames: 0,
                keyframe: None,
            },
            cuts: Cuts { share: config.cut_share, keyframe: 0.0, others: 0.0, intra: 0.0 },
            qp: 0,
            pace: Pace::new(config.frame_rate, request.time_base),
            units,
            peak: Peak::default(),
            copy: None,
        }))
    }

    /// Encodes a picture into `units`.
    fn code(&mut self, planes: &Planes<'_>, is_keyframe: bool) -> Result<()> {
        self.qp = match &mut self.control {
            Control::Average(control) => control.plan(is_keyframe),
            // Where there are only keyframes none is predicted from.
            Control::Quantizer(qp) if is_keyframe && self.gop.most_frames > 1 => {
                qp.saturating_sub(KEYFRAME_QP)
            }
            Control::Quantizer(qp) => *qp,
        };
        let failed = |error| Error::unsupported(format!("h264: {error}."));
        self.coder.set_qp(self.qp as u8).map_err(failed)?;
        self.units.clear();
        self.coder.encode(planes, is_keyframe, &mut self.units).map_err(failed)?;
        Ok(())
    }

    /// Encodes a picture into `units`, again where it turns out to be another than was planned for;
    /// returns whether it is a keyframe, which it is if it is forced to be.
    fn code_as_it_is(
        &mut self,
        planes: &Planes<'_>,
        pts: Timestamp,
        is_forced: bool,
    ) -> Result<bool> {
        let mut is_keyframe = is_forced || self.gop.is_due(pts);
        self.code(planes, is_keyframe)?;
        let bytes = self.units.len();
        let is_cut = !is_keyframe && self.cuts.is_cut(bytes, self.qp, self.coder.intra_share());
        let is_surprise = match &mut self.control {
            Control::Average(control) if is_cut => {
                control.cut(bytes);
                false
            }
            Control::Average(control) => control.is_surprised(bytes, is_keyframe),
            Control::Quantizer(_) => false,
        };
        if is_cut || is_surprise {
            is_keyframe |= is_cut;
            self.coder.take_back();
            self.code(planes, is_keyframe)?;
        }
        Ok(is_keyframe)
    }
}

/// The terms of a sample aspect ratio.
///
/// # Errors
/// They must have 16 bits (H.264 §E.2.1).
fn aspect(ratio: Rational) -> Result<(u16, u16)> {
    let term = |term: i64| u16::try_from(term).ok().filter(|term| *term > 0);
    term(ratio.num()).zip(term(ratio.den())).ok_or_else(|| {
        Error::argument(format!(
            "The terms of a sample aspect ratio must be from 1 to 65535. Found: {ratio}"
        ))
    })
}

fn settings(request: &VideoEncoderRequest, config: &Config) -> Result<Settings> {
    let rate = request.frame_rate;
    let term = |term: i64| {
        u32::try_from(term).ok().filter(|term| *term <= i32::MAX as u32).ok_or_else(|| {
            Error::unsupported(format!(
                "The terms of H.264's frame rate must be below 2147483648. Found: {rate}"
            ))
        })
    };
    let color = request.format.color;
    Ok(Settings {
        qp: 26,
        // Keyframes are asked for one by one.
        gop: u32::MAX,
        slices: config.slices,
        threads: config.threads,
        deblock: config.deblocking,
        cabac: config.cabac,
        profile: config.profile,
        frame_rate: (term(rate.num())?, term(rate.den())?),
        pixel_aspect: aspect(request.format.sample_aspect_ratio)?,
        color: Color {
            primaries: color.primaries.code(),
            transfer: color.transfer.code(),
            matrix: color.matrix.code(),
            full_range: color.range == ColorRange::Full,
            chroma_location: (color.chroma_location == ChromaLocation::Center).then_some(CENTER),
        },
        ..Settings::new(request.format.width as usize, request.format.height as usize)
    })
}

/// The NAL units of a byte stream (annex B), without their start codes.
fn nal_units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = stream;
    std::iter::from_fn(move || {
        let start = rest.windows(3).position(|bytes| bytes == [0, 0, 1])? + 3;
        let unit = &rest[start..];
        // The next start code may have a zero more in front, which no unit ends with.
        let end = unit.windows(3).position(|bytes| bytes == [0, 0, 1]).unwrap_or(unit.len());
        rest = &unit[end..];
        let length = unit[..end].iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        Some(&unit[..length])
    })
}

impl VideoEncoder for H264Encoder {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn encode(&mut self, frame: &VideoFrame, packets: &mut PacketQueue) -> Result<()> {
        let Some(video) = self.parameters.video() else { return Ok(()) };
        let format = video.format;
        let mut view = frame.expect(format.pixel_format, format.width, format.height)?;
        let is_upside_down = view.planes_of::<u8>()?.iter().any(|plane| plane.stride() < 0);
        let mut copy = self.copy.take();
        if is_upside_down {
            let mut downwards = match copy.take() {
                Some(copy) => copy,
                None => VideoFrame::new(&format)?,
            };
            downwards.copy_from(&view)?;
            view = copy.insert(downwards).view()?;
        }
        let planes = view.planes_of::<u8>()?;
        let planes = Planes {
            data: [0, 1, 2].map(|index| &planes[index].data()[planes[index].first()..]),
            strides: [0, 1, 2].map(|index| planes[index].stride().unsigned_abs()),
        };
        let is_keyframe = self.code_as_it_is(&planes, frame.pts, frame.side.keyframe)?;
        self.copy = copy;
        let mut data = packets.take_buffer();
        for unit in nal_units(&self.units) {
            data.extend((unit.len() as u32).to_be_bytes());
            data.extend(unit);
        }
        if is_keyframe {
            self.cuts.keyframe = data.len() as f64 * step(self.qp.into());
        }
        self.gop.add(frame.pts, is_keyframe);
        let since = self.pace.add(frame.pts);
        if let Control::Average(control) = &mut self.control {
            control.took(data.len(), is_keyframe, since);
        }
        let seconds = self.parameters.time_base.seconds_of(frame.pts);
        self.peak.add(seconds as i64, data.len());
        let packet = packets.push_buffer(data);
        (packet.pts, packet.dts, packet.duration) =
            (frame.pts, frame.pts, frame.duration.unwrap_or(0));
        packet.keyframe = is_keyframe;
        Ok(())
    }

    fn finish(&mut self, _packets: &mut PacketQueue) -> Result<()> {
        // Who writes the parameter sets last writes them as they came to be.
        if let CodecRecord::H264(record) = &mut self.parameters.record {
            level::set(&mut record.sps, self.coder.level(self.pace.fastest()));
            level::raise(&mut record.sps, self.peak.bits());
            if let Some(bit_rate) = self.parameters.bit_rate {
                level::raise(&mut record.sps, PEAK_FACTOR * bit_rate);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of some pictures are cuts; each has bytes, at one quantiser, and a share of intra.
    fn cuts(keyframe: usize, pictures: &[(usize, f32)]) -> Vec<usize> {
        let mut cuts =
            Cuts { share: 0.6, keyframe: keyframe as f64 * step(24.0), others: 0.0, intra: 0.0 };
        let mut found = Vec::new();
        for (i, &(bytes, intra)) in pictures.iter().enumerate() {
            if cuts.is_cut(bytes, 24, intra) {
                cuts.keyframe = bytes as f64 * step(24.0);
                found.push(i);
            }
        }
        found
    }

    #[test]
    fn a_new_scene_is_a_cut() {
        let film = [[(5_000, 0.05); 20], [(60_000, 0.9); 20]].concat();
        assert_eq!(cuts(50_000, &film), [20]);
        // Also where nothing is intra: from one flat field to another.
        let slides = [[(300, 0.0); 20], [(9_000, 0.0); 20]].concat();
        assert_eq!(cuts(1_000, &slides), [20]);
    }

    #[test]
    fn grain_and_fades_are_one_cut_at_most() {
        assert_eq!(cuts(60_000, &[(62_000, 0.95); 50]), [0]);
        assert!(cuts(60_000, &[(70_000, 0.4); 50]).is_empty());
        let fade: Vec<_> = (1..50).map(|i| (2_000 * i, 0.7)).collect();
        assert!(cuts(500, &fade).len() <= 1, "{:?}", cuts(500, &fade));
    }

    #[test]
    fn small_pictures_are_no_cuts_because_they_are_larger() {
        assert!(cuts(100, &[(10, 0.0), (2_000, 0.1), (10, 0.0), (2_000, 0.1)]).is_empty());
        assert_eq!(cuts(100, &[(10, 0.0), (2_000, 0.9), (10, 0.0)]), [1]);
    }
}
