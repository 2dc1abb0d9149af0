//! `toy`: a header, then each packet after its size and time.
//!
//! All numbers are little-endian.
//!
//! | bytes | |
//! |---|---|
//! | 4 | `TOY1` |
//! | 8 | number of packets, or 2^64 - 1 if the output cannot be patched |
//! | 4 | sample rate in Hz |
//! | 2 | channels |
//! | 2 + n | comment, after its length |
//! | | for each packet: 4 for its size, 8 for its pts, 4 for its duration, its data |

use reelwright::{
    Destination, Error, Metadata, Muxer, MuxerInfo, OptionInfo, Options, Packet, Result,
    StreamParameters,
};

use crate::codec;

const COMMENT: OptionInfo = OptionInfo::text("comment", "a comment", "", "text in the header");

/// The container.
pub static MUXER: MuxerInfo = MuxerInfo::new("toy", "Toy container", &open)
    .extensions(&["toy"])
    .mime_type("audio/x-toy")
    .audio_codecs(&[codec::CODEC])
    .audio_gaps(true)
    .options(&[COMMENT]);

/// Offset of the number of packets.
const COUNT: u64 = 4;

fn open(options: &mut Options) -> Result<Box<dyn Muxer>> {
    let comment = options.take_text(&COMMENT).unwrap_or_default();
    Ok(Box::new(Toy { comment, count: 0 }))
}

struct Toy {
    comment: String,
    count: u64,
}

impl Muxer for Toy {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        _tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        let [stream] = streams else { return Err(Error::unsupported("toy supports one stream.")) };
        let audio = stream.audio().ok_or_else(|| Error::unsupported("toy supports only audio."))?;
        let comment = self.comment.as_bytes();
        let length = u16::try_from(comment.len()).map_err(|_| {
            Error::option(format!(
                "comment must have at most 65535 bytes. Found: {} bytes",
                comment.len()
            ))
        })?;
        let channels = audio.format.layout.channels() as u16;
        let mut header = b"TOY1".to_vec();
        header.extend(u64::MAX.to_le_bytes());
        header.extend(audio.format.sample_rate.to_le_bytes());
        header.extend(channels.to_le_bytes());
        header.extend(length.to_le_bytes());
        header.extend(comment);
        to.output().write(&header)
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let size = u32::try_from(packet.data.len())
            .map_err(|_| Error::unsupported("A toy packet must be smaller than 4 GiB."))?;
        let output = to.output();
        output.write(&size.to_le_bytes())?;
        output.write(&packet.pts.0.to_le_bytes())?;
        output.write(&(packet.duration as u32).to_le_bytes())?;
        output.write(&packet.data)?;
        output.mark_playable();
        self.count += 1;
        Ok(())
    }

    fn finish(&mut self, _streams: &[StreamParameters], to: &mut dyn Destination) -> Result<()> {
        let output = to.output();
        if output.can_patch()? {
            output.patch(COUNT, &self.count.to_le_bytes())?;
        }
        Ok(())
    }
}
