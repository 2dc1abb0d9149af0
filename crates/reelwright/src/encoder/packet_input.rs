//! Streams of packets that another encoder produced.

use reelwright_core::{Packet, Result, StreamParameters};

use super::StreamingMediaEncoder;
use super::setup::language;
use crate::packet_stream::PacketStream;
use crate::stream::Stream;

impl<W> StreamingMediaEncoder<'_, W> {
    /// Adds a stream whose packets another encoder produced, and returns the stream's index.
    /// [`write_packet`](Self::write_packet) writes the packets. Their form depends on the codec:
    ///
    /// | codec | packet | record |
    /// |---|---|---|
    /// | `h264` | a frame's NAL units after their lengths in 4 bytes, without parameter sets | [`AvcConfig`](crate::AvcConfig) |
    /// | `av1` | a temporal unit without its delimiter | [`Av1Config`](crate::Av1Config) |
    /// | `aac` | a raw data block, without an ADTS header | [`AudioSpecificConfig`](crate::AudioSpecificConfig) |
    /// | `opus`, `vorbis`, `flac`, `alac` | a packet or frame | variant of [`CodecRecord`](crate::CodecRecord) with the codec's name |
    /// | `mp3` | a frame | none |
    /// | `pcm_*`, `adpcm_*` | complete samples of all channels, or blocks | none, or [`AdpcmBlocks`](crate::AdpcmBlocks) |
    /// | image codecs | one image | none |
    /// | `mov_text`, `webvtt` | a sample of MP4 | none, or [`WebVttHeader`](crate::WebVttHeader) |
    ///
    /// [`CodecRecord::from_extradata`](crate::CodecRecord::from_extradata) parses records of other
    /// programs.
    ///
    /// ```
    /// use reelwright::{
    ///     AudioFormat, AudioParameters, ChannelLayout, CodecId, CodecRecord, MediaParameters, Packet,
    ///     Rational, SampleFormat, StreamParameters, StreamingMediaEncoder, TimeBase, Timestamp,
    /// };
    ///
    /// let format = AudioFormat {
    ///     sample_format: SampleFormat::Flt,
    ///     sample_rate: 48_000,
    ///     layout: ChannelLayout::STEREO,
    /// };
    /// let media = MediaParameters::Audio(AudioParameters::new(format));
    /// let time_base = TimeBase::new(Rational::new(1, 48_000)?);
    /// let head = b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0";
    /// let parameters = StreamParameters::new(CodecId::Opus, time_base, media)
    ///     .record(CodecRecord::from_extradata(CodecId::Opus, head)?);
    /// let mut encoder = StreamingMediaEncoder::to_writer(Vec::new(), "ogg")?;
    /// encoder.add_packet_stream(&parameters)?;
    /// encoder.open()?;
    /// for index in 0..5 {
    ///     let (pts, data) = (Timestamp(960 * index - 312), vec![0xfc, 0xff, 0xfe]);
    ///     let (dts, duration, keyframe) = (pts, 960, true);
    ///     let packet = Packet { data, pts, dts, duration, keyframe, ..Packet::default() };
    ///     encoder.write_packet(0, &packet)?;
    /// }
    /// assert!(encoder.finish()?.starts_with(b"OggS"));
    /// # Ok::<(), reelwright::Error>(())
    /// ```
    ///
    /// # Errors
    /// The same errors as [`add_audio_stream`](Self::add_audio_stream), or the record is missing.
    pub fn add_packet_stream(&mut self, parameters: &StreamParameters) -> Result<usize> {
        let index = self.next_index()?;
        let kind = parameters.kind();
        let language = language(parameters.language.as_deref()).map_err(|e| e.in_stream(index))?;
        let container = self.container(kind).map_err(|error| error.in_stream(index))?;
        let stream = PacketStream::new(parameters, &container.format);
        let stream = stream.map_err(|error| error.in_stream(index))?;
        self.add(Stream::Packets(Box::new(stream)), language, &container);
        Ok(index)
    }

    /// Writes a packet to stream `index`, which [`add_packet_stream`](Self::add_packet_stream)
    /// added. The packet's field `stream` is ignored. Timestamps are in the stream's time base. The
    /// dts increases from packet to packet and is at most the pts. The first timestamps may be
    /// negative: packets before 0 are decoded and not presented.
    ///
    /// # Errors
    /// The output is not open, the stream does not exist, or the packet's timestamps or form are
    /// invalid. The packet is not written then, and writing can continue. The output may fail as in
    /// [`write_audio_chunk`](Self::write_audio_chunk).
    pub fn write_packet(&mut self, index: usize, packet: &Packet) -> Result<()> {
        self.open_stream(index)?.packet_stream(index)?;
        self.paused.note_chunk(&self.streams, index);
        let stream = self.streams[index].packet_stream(index)?;
        stream.write(packet).map_err(|error| error.in_stream(index))?;
        self.write_packets(false)?;
        self.check_interrupt()?;
        self.was_interrupted = false;
        Ok(())
    }
}
