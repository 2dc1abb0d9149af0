//! The encoder: takes frames and returns packets.

use std::collections::VecDeque;

use rav1e::prelude::{
    Config, Context, EncoderConfig, EncoderStatus, Frame, FrameParameters, FrameType,
    FrameTypeOverride, InvalidConfig, Pixel,
};
use reelwright_core::{
    Av1Config, CodecId, CodecRecord, DataType, Error, MediaParameters, Options, PacketQueue,
    PlaneElement, Rational, Result, StreamParameters, Timestamp, VideoEncoder, VideoEncoderRequest,
    VideoFormat, VideoFrame, VideoParameters,
};

use crate::config::{Plan, config};

/// Temporal delimiter OBU, which begins each packet of rav1e (AV1 §5.6).
const TEMPORAL_DELIMITER: [u8; 2] = [0x12, 0];
/// Type of a sequence header OBU (AV1 §6.2.2).
const SEQUENCE_HEADER: u8 = 1;

/// Encoder of one stream.
struct Av1Encoder<T: Pixel> {
    parameters: StreamParameters,
    video: VideoParameters,
    context: Context<T>,
    plan: Plan,
    /// The first frame, while the second one must determine the frame rate.
    waiting: Option<(Frame<T>, Shown)>,
    /// Times of the frames whose packets are outstanding.
    times: VecDeque<Shown>,
    /// The last known keyframe, and the number of frames since then.
    keyframe: Timestamp,
    since_keyframe: u64,
}

/// pts and duration of a frame, and whether it is a forced keyframe.
#[derive(Debug, Clone, Copy)]
struct Shown {
    pts: Timestamp,
    duration: Option<i64>,
    is_forced: bool,
}

fn failed(what: impl std::fmt::Display) -> Error {
    Error::unsupported(format!("librav1e: {what}"))
}

fn context<T: Pixel>(config: &EncoderConfig, threads: usize) -> Result<Context<T>> {
    let config = Config::new().with_encoder_config(config.clone()).with_threads(threads);
    config.new_context().map_err(|error: InvalidConfig| failed(error))
}

/// Returns rav1e's sequence header OBU for `config`. rav1e writes it only with a frame.
fn sequence_header<T: Pixel>(config: &EncoderConfig) -> Result<Vec<u8>> {
    let mut context = context::<T>(config, 1)?;
    let frame = context.new_frame();
    context.send_frame(frame).map_err(failed)?;
    context.flush();
    loop {
        match context.receive_packet() {
            Ok(packet) => {
                let header = obus(&packet.data)
                    .find(|obu| obu.first().is_some_and(|byte| byte >> 3 & 15 == SEQUENCE_HEADER));
                return header.map(<[u8]>::to_vec).ok_or_else(|| failed("no sequence header"));
            }
            Err(EncoderStatus::Encoded) => {}
            Err(status) => return Err(failed(status)),
        }
    }
}

/// Iterates over the OBUs of a packet, each of which has a size field (AV1 §5.3).
fn obus(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let header = *data.first()?;
        let start = if header & 4 != 0 { 2 } else { 1 };
        let (mut size, mut at) = (0usize, start);
        for shift in 0..8 {
            let byte = *data.get(at)?;
            at += 1;
            size |= usize::from(byte & 0x7f) << (7 * shift);
            if byte & 0x80 == 0 {
                break;
            }
        }
        let (obu, rest) = data.split_at_checked(at.checked_add(size)?)?;
        data = rest;
        Some(obu)
    })
}

/// Opens an encoder for samples of 8 or 16 bits.
pub(crate) fn open(
    request: &VideoEncoderRequest,
    options: &mut Options,
) -> Result<Box<dyn VideoEncoder>> {
    match request.format.pixel_format.data_type() {
        DataType::U8 => Av1Encoder::<u8>::open(request, options),
        _ => Av1Encoder::<u16>::open(request, options),
    }
}

impl<T: Pixel + PlaneElement> Av1Encoder<T> {
    fn open(request: &VideoEncoderRequest, options: &mut Options) -> Result<Box<dyn VideoEncoder>> {
        let VideoEncoderRequest {
            format: VideoFormat { pixel_format, width, height, color, .. },
            frame_rate,
            ..
        } = *request;
        let plan = config(request, options)?;
        let config = &plan.encoder;
        let context = context(config, plan.threads)?;
        let mut record = context.container_sequence_header();
        record.extend(sequence_header::<T>(config)?);
        let video = VideoParameters::new(VideoFormat {
            width,
            height,
            pixel_format,
            color,
            ..request.format
        })
        .frame_rate(Some(frame_rate));
        let parameters = StreamParameters::new(
            CodecId::Av1,
            request.time_base,
            MediaParameters::Video(video.clone()),
        )
        .record(CodecRecord::Av1(Av1Config { bytes: record }))
        .bit_rate(u64::try_from(config.bitrate).ok().filter(|bit_rate| *bit_rate > 0));
        Ok(Box::new(Self {
            parameters,
            video,
            context,
            plan,
            waiting: None,
            times: VecDeque::new(),
            keyframe: Timestamp(0),
            since_keyframe: 0,
        }))
    }

    /// Reopens the encoder at the frame rate that the first two frames determine.
    fn reopen(&mut self, first: Timestamp, second: Timestamp) -> Result<()> {
        let unit = self.parameters.time_base.seconds();
        let distance = second.0.saturating_sub(first.0).max(1);
        let length = unit.num().checked_mul(distance);
        let length = length.ok_or_else(|| failed("the second frame is too late"))?;
        self.plan.set_rate(Rational::new(unit.den(), length)?)?;
        self.context = context(&self.plan.encoder, self.plan.threads)?;
        Ok(())
    }

    fn send(&mut self, frame: Frame<T>, shown: Shown) -> Result<()> {
        let pts = shown.pts;
        // rav1e counts frames, not time.
        let since = self.parameters.time_base.to_seconds(Timestamp(pts.0 - self.keyframe.0));
        let is_late = self.plan.keyframe_seconds().is_some_and(|most| since >= most)
            && self.since_keyframe < self.plan.encoder.max_key_frame_interval;
        let mut parameters = FrameParameters::default();
        let is_late = is_late || shown.is_forced;
        if is_late && self.since_keyframe > 0 {
            parameters.frame_type_override = FrameTypeOverride::Key;
        }
        if is_late || self.since_keyframe == 0 {
            (self.keyframe, self.since_keyframe) = (pts, 0);
        }
        self.since_keyframe += 1;
        self.context.send_frame((frame, parameters)).map_err(failed)?;
        self.times.push_back(shown);
        Ok(())
    }

    /// Receives the finished packets.
    fn receive(&mut self, packets: &mut PacketQueue) -> Result<()> {
        loop {
            match self.context.receive_packet() {
                Ok(coded) => {
                    let Some(Shown { pts, duration, .. }) = self.times.pop_front() else {
                        return Err(failed("more packets than frames"));
                    };
                    let data = coded.data.strip_prefix(&TEMPORAL_DELIMITER);
                    let packet = packets.push();
                    packet.data.extend_from_slice(data.unwrap_or(&coded.data));
                    (packet.pts, packet.dts, packet.duration) = (pts, pts, duration.unwrap_or(0));
                    packet.keyframe = coded.frame_type == FrameType::KEY;
                    if packet.keyframe && pts > self.keyframe {
                        self.keyframe = pts;
                        self.since_keyframe = self.times.len() as u64 + 1;
                    }
                }
                Err(EncoderStatus::Encoded) => {}
                Err(EncoderStatus::NeedMoreData | EncoderStatus::LimitReached) => return Ok(()),
                Err(status) => return Err(failed(status)),
            }
        }
    }
}

impl<T: Pixel + PlaneElement> VideoEncoder for Av1Encoder<T> {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn max_delay(&self) -> usize {
        self.plan.max_delay()
    }

    fn encode(&mut self, frame: &VideoFrame, packets: &mut PacketQueue) -> Result<()> {
        let VideoParameters { format: VideoFormat { pixel_format, width, height, .. }, .. } =
            self.video;
        let view = frame.checked_view(pixel_format, width, height)?;
        let mut input = self.context.new_frame();
        let planes = view.planes_of::<T>()?;
        for (index, plane) in planes[..pixel_format.planes()].iter().enumerate() {
            let (row, rows) = view.format.plane_size(index);
            let mut to = input.planes[index].mut_slice(Default::default());
            for (to, from) in to.rows_iter_mut().zip(plane.rows(row, rows)) {
                to[..row].copy_from_slice(from);
            }
        }
        let VideoFrame { pts, duration, .. } = *frame;
        let times = Shown { pts, duration, is_forced: frame.side_data.keyframe };
        if self.plan.is_guess {
            let Some((first, at)) = self.waiting.take() else {
                self.waiting = Some((input, times));
                return Ok(());
            };
            self.plan.is_guess = false;
            self.reopen(at.pts, pts)?;
            self.send(first, at)?;
        }
        self.send(input, times)?;
        self.receive(packets)
    }

    fn finish(&mut self, packets: &mut PacketQueue) -> Result<()> {
        if let Some((first, at)) = self.waiting.take() {
            self.send(first, at)?;
        }
        self.context.flush();
        self.receive(packets)?;
        if self.times.is_empty() {
            return Ok(());
        }
        Err(failed("fewer packets than frames"))
    }
}
