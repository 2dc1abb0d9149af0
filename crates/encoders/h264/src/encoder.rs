//! Pictures in, packets out.

use reelwright_core::{
    AvcConfig, CodecId, CodecRecord, Error, MediaParameters, Options, PacketQueue, Rational,
    Result, StreamParameters, TimeBase, VideoEncoder, VideoEncoderRequest, VideoFrame,
    VideoParameters,
};

use crate::config::{Config, Rate};
use crate::level::{self, Peak};
use crate::library::Library;
use crate::rate::RateControl;
use crate::timing;

/// The types of NAL units that are not in packets but in the record (H.264 table 7-1).
const SPS: u8 = 7;
const PPS: u8 = 8;

/// One stream at work.
pub(crate) struct H264Encoder {
    parameters: StreamParameters,
    /// The parameter sets as the library writes them; the record's say more.
    sets: AvcConfig,
    library: Library,
    /// Where a bit rate is asked for.
    rate_control: Option<RateControl>,
    gop_size: u32,
    /// Pictures since the last keyframe.
    since_keyframe: u32,
    peak: Peak,
}

/// How much more than on average the fullest second has at most, roughly.
const PEAK_FACTOR: u64 = 2;

impl H264Encoder {
    pub(crate) fn open(
        request: &VideoEncoderRequest,
        options: &mut Options,
    ) -> Result<Box<dyn VideoEncoder>> {
        let config = Config::new(request, options)?;
        let size = (request.width, request.height);
        let mut library = Library::new(size, request.frame_rate, request.color, &config)?;
        let mut sets = AvcConfig { sps: Vec::new(), pps: Vec::new() };
        library.parameter_sets(|unit| match unit.first().map(|header| header & 0x1f) {
            Some(SPS) => sets.sps = unit.to_vec(),
            Some(PPS) => sets.pps = unit.to_vec(),
            _ => {}
        })?;
        let chroma_location = request.color.chroma_location;
        let mut record = AvcConfig {
            sps: timing::tell(&sets.sps, request.frame_rate, chroma_location)?,
            pps: sets.pps.clone(),
        };
        if let Rate::Average(bit_rate) = config.rate {
            level::raise(&mut record.sps, PEAK_FACTOR * bit_rate);
        }
        record.to_bytes()?;
        let parameters = StreamParameters {
            time_base: TimeBase::new(request.frame_rate.inverse()),
            codec: CodecId::H264,
            record: CodecRecord::H264(record),
            bit_rate: match config.rate {
                Rate::Average(bit_rate) => Some(bit_rate),
                Rate::Quantizer(_) => None,
            },
            media: MediaParameters::Video(VideoParameters {
                width: request.width,
                height: request.height,
                pixel_format: request.pixel_format,
                frame_rate: request.frame_rate,
                sample_aspect_ratio: Rational::ONE,
                color: request.color,
            }),
        };
        let rate_control = parameters.bit_rate.map(|bit_rate| {
            let pixels = u64::from(request.width) * u64::from(request.height);
            RateControl::new(bit_rate, request.frame_rate, pixels, config.gop_size)
        });
        Ok(Box::new(Self {
            parameters,
            sets,
            library,
            rate_control,
            gop_size: config.gop_size,
            since_keyframe: config.gop_size,
            peak: Peak::default(),
        }))
    }
}

impl VideoEncoder for H264Encoder {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn encode(&mut self, frame: &VideoFrame<'_>, packets: &mut PacketQueue) -> Result<()> {
        let Some(video) = self.parameters.video() else { return Ok(()) };
        frame.expect(video.pixel_format, video.width, video.height)?;
        if let Some(control) = &mut self.rate_control {
            self.library.set_quantizer(control.plan(self.since_keyframe >= self.gop_size))?;
        }
        let mut data = packets.take_buffer();
        let mut strange = false;
        let seconds = self.parameters.time_base.seconds_of(frame.pts);
        let sets = &self.sets;
        let coded = self.library.encode(frame, (1000.0 * seconds) as i64, |unit| {
            match unit.first().map(|header| header & 0x1f) {
                None => {}
                Some(SPS) => strange |= unit != sets.sps,
                Some(PPS) => strange |= unit != sets.pps,
                Some(_) => {
                    data.extend((unit.len() as u32).to_be_bytes());
                    data.extend(unit);
                }
            }
        })?;
        if strange || data.is_empty() {
            return Err(Error::unsupported(
                "libopenh264 changed its parameter sets, or left a picture out.",
            ));
        }
        self.since_keyframe = if coded.is_keyframe { 1 } else { self.since_keyframe + 1 };
        if let Some(control) = &mut self.rate_control {
            control.took(data.len(), coded.is_keyframe);
        }
        self.peak.add(seconds as i64, data.len());
        let packet = packets.push_buffer(data);
        (packet.pts, packet.dts, packet.duration) = (frame.pts, frame.pts, 1);
        packet.keyframe = coded.is_keyframe;
        Ok(())
    }

    fn finish(&mut self, _packets: &mut PacketQueue) -> Result<()> {
        // Who writes the parameter sets last writes them as they came to be.
        if let CodecRecord::H264(record) = &mut self.parameters.record {
            level::raise(&mut record.sps, self.peak.bits());
        }
        Ok(())
    }
}
