//! The encoder: takes frames and returns packets.

use reelwright_core::{
    CodecId, CodecRecord, MediaParameters, Options, PacketQueue, Result, StreamParameters,
    Timestamp, VideoEncoder, VideoEncoderRequest, VideoFrame, VideoParameters,
};

use crate::coder::{Encoder, Planes};
use crate::frame_rate_meter::{FrameRateMeter, PeakBitRate};
use crate::gop::Gop;
use crate::level;
use crate::rate::RateControl;
use crate::scene_cut::SceneCuts;
use crate::settings::{Rate, Settings};

/// Maximum bit rate of a second relative to the average, as an estimate.
const PEAK_FACTOR: u64 = 2;
/// Reduction of a keyframe's quantizer, because other frames refer to it.
const KEYFRAME_QP: u32 = 2;

/// Encoder of one stream.
pub(crate) struct H264Encoder {
    parameters: StreamParameters,
    coder: Encoder,
    control: Control,
    gop: Gop,
    cuts: SceneCuts,
    /// Quantizer of the last frame.
    qp: u32,
    frame_rate_meter: FrameRateMeter,
    peak: PeakBitRate,
    /// Flipped copy of a frame that is stored upside down.
    copy: Option<VideoFrame>,
}

/// Choice of quantizers.
enum Control {
    Quantizer(u32),
    Average(Box<RateControl>),
}

impl H264Encoder {
    pub(crate) fn open(
        request: &VideoEncoderRequest,
        options: &mut Options,
    ) -> Result<Box<dyn VideoEncoder>> {
        let settings = Settings::from_options(request, options)?;
        let (bit_rate, control) = match settings.rate {
            Rate::Quantizer(qp) => (None, Control::Quantizer(qp)),
            Rate::Average(bit_rate) => {
                let pixels = (settings.width * settings.height) as u64;
                let (rate, gop_size) = (settings.frame_rate, settings.gop_size);
                let control = RateControl::new(bit_rate, rate, pixels, gop_size);
                (Some(bit_rate), Control::Average(Box::new(control)))
            }
        };
        let gop = Gop::new(settings.max_gop_size, settings.keyframe_interval);
        let cuts = SceneCuts::new(settings.cut_share);
        let frame_rate_meter = FrameRateMeter::new(settings.frame_rate, request.time_base);
        let frame_rate = settings.frame_rate.to_f64();
        let mut encoder = Self {
            parameters: StreamParameters::new(
                CodecId::H264,
                request.time_base,
                MediaParameters::Video(
                    VideoParameters::new(request.format).frame_rate(Some(request.frame_rate)),
                ),
            )
            .bit_rate(bit_rate),
            coder: Encoder::new(settings),
            control,
            gop,
            cuts,
            qp: 0,
            frame_rate_meter,
            peak: PeakBitRate::default(),
            copy: None,
        };
        // Estimate until the times of the frames are known.
        encoder.update_record(frame_rate);
        Ok(Box::new(encoder))
    }

    /// Updates the parameter sets with the level for a frame rate.
    fn update_record(&mut self, frame_rate: f64) {
        let nominal = PEAK_FACTOR * self.parameters.bit_rate.unwrap_or(0);
        let bit_rate = self.peak.bits().max(nominal);
        let level = level::lowest(self.coder.macroblocks(), frame_rate, bit_rate);
        self.parameters.record = CodecRecord::H264(self.coder.parameter_sets(level));
    }

    /// Encodes a frame into `packet`.
    fn encode_as(&mut self, planes: &Planes<'_>, is_keyframe: bool, packet: &mut Vec<u8>) {
        self.qp = match &mut self.control {
            Control::Average(control) => control.plan(is_keyframe),
            Control::Quantizer(qp) if is_keyframe && !self.gop.is_intra_only() => {
                qp.saturating_sub(KEYFRAME_QP)
            }
            Control::Quantizer(qp) => *qp,
        };
        self.coder.encode(planes, self.qp as u8, is_keyframe, packet);
    }

    /// Encodes a frame into `packet`, twice if it is a scene cut or much larger than planned.
    /// Returns whether it is a keyframe.
    fn encode_frame(
        &mut self,
        planes: &Planes<'_>,
        pts: Timestamp,
        is_forced: bool,
        packet: &mut Vec<u8>,
    ) -> bool {
        let mut is_keyframe = is_forced || self.gop.is_due(pts);
        self.encode_as(planes, is_keyframe, packet);
        let bytes = packet.len();
        let is_cut = !is_keyframe && self.cuts.is_cut(bytes, self.qp, self.coder.intra_share());
        let is_second_pass = match &mut self.control {
            Control::Average(control) if is_cut => {
                control.cut(bytes);
                false
            }
            Control::Average(control) => control.needs_second_pass(bytes, is_keyframe),
            Control::Quantizer(_) => false,
        };
        if is_cut || is_second_pass {
            is_keyframe |= is_cut;
            self.coder.revert();
            self.encode_as(planes, is_keyframe, packet);
        }
        is_keyframe
    }
}

impl VideoEncoder for H264Encoder {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn encode(&mut self, frame: &VideoFrame, packets: &mut PacketQueue) -> Result<()> {
        let Some(video) = self.parameters.video() else { return Ok(()) };
        let format = video.format;
        let mut view = frame.checked_view(format.pixel_format, format.width, format.height)?;
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
        let mut data = packets.take_buffer();
        let is_forced = frame.side_data.keyframe;
        let is_keyframe = self.encode_frame(&planes, frame.pts, is_forced, &mut data);
        self.copy = copy;
        if is_keyframe {
            self.cuts.add_keyframe(data.len(), self.qp);
        }
        self.gop.add(frame.pts, is_keyframe);
        let since = self.frame_rate_meter.add(frame.pts);
        if let Control::Average(control) = &mut self.control {
            control.update(data.len(), is_keyframe, since);
        }
        let seconds = self.parameters.time_base.to_seconds(frame.pts);
        self.peak.add(seconds as i64, data.len());
        let packet = packets.push_buffer(data);
        (packet.pts, packet.dts, packet.duration) =
            (frame.pts, frame.pts, frame.duration.unwrap_or(0));
        packet.keyframe = is_keyframe;
        Ok(())
    }

    fn finish(&mut self, _packets: &mut PacketQueue) -> Result<()> {
        // Muxers that write the parameter sets at the end store the level of the whole stream.
        self.update_record(self.frame_rate_meter.max_frame_rate());
        Ok(())
    }
}
