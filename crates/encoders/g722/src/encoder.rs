//! The quadrature mirror filter bank, and the packing of bytes.

use reelwright_core::{
    AudioEncoder, AudioEncoderRequest, AudioFormat, AudioFrame, AudioParameters, CodecId,
    MediaParameters, Options, PacketClock, PacketQueue, Result, SampleFormat, StreamParameters,
    TimeBase,
};

use crate::band::{High, Low};

/// Half of the quadrature mirror filter's coefficients (G.722 table 11). The other half mirrors it.
const QMF: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];

pub(crate) fn open(
    request: &AudioEncoderRequest,
    _options: &mut Options,
) -> Result<Box<dyn AudioEncoder>> {
    let AudioEncoderRequest { format: AudioFormat { sample_format, sample_rate, layout }, .. } =
        *request;
    let parameters = StreamParameters::new(
        CodecId::AdpcmG722,
        TimeBase::from_sample_rate(sample_rate)?,
        MediaParameters::Audio(
            AudioParameters::new(AudioFormat { sample_rate, layout, sample_format })
                .bits_per_sample(4),
        ),
    )
    .bit_rate(Some(u64::from(sample_rate) * 4));
    Ok(Box::new(G722Encoder {
        parameters,
        history: [0; 24],
        low: Low::new(),
        high: High::new(),
        odd: None,
        clock: PacketClock::new(0),
    }))
}

struct G722Encoder {
    parameters: StreamParameters,
    /// Last samples, oldest first.
    history: [i32; 24],
    low: Low,
    high: High,
    /// A sample that waits for the second one of its byte.
    odd: Option<i16>,
    clock: PacketClock,
}

impl G722Encoder {
    /// Returns the byte of the next two samples.
    fn byte(&mut self, pair: [i16; 2]) -> u8 {
        self.history.copy_within(2.., 0);
        self.history[22] = pair[0].into();
        self.history[23] = pair[1].into();
        let (mut even, mut odd) = (0, 0);
        for (i, [first, second]) in self.history.as_chunks::<2>().0.iter().enumerate() {
            odd += first * QMF[i];
            even += second * QMF[11 - i];
        }
        // Removes 12 bits of filter gain, one for the sum of two, and one for 15-bit samples.
        let low = self.low.code((even + odd) >> 14);
        let high = self.high.code((even - odd) >> 14);
        high << 6 | low
    }
}

impl AudioEncoder for G722Encoder {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn frame_size(&self) -> Option<usize> {
        None
    }

    fn encode(&mut self, frame: &AudioFrame, packets: &mut PacketQueue) -> Result<()> {
        frame.check_format(SampleFormat::S16, 1)?;
        let mut samples = frame.interleaved::<i16>().expect("the format was checked");
        self.clock.receive(samples.len());
        if usize::from(self.odd.is_some()) + samples.len() < 2 {
            self.odd = self.odd.or(samples.first().copied());
            return Ok(());
        }
        let packet = packets.push();
        if let (Some(first), Some((second, rest))) = (self.odd, samples.split_first()) {
            packet.data.push(self.byte([first, *second]));
            self.odd = None;
            samples = rest;
        }
        let (pairs, rest) = samples.as_chunks();
        for pair in pairs {
            packet.data.push(self.byte(*pair));
        }
        self.odd = self.odd.or(rest.first().copied());
        let samples = 2 * packet.data.len() as u32;
        self.clock.set_times(packet, samples);
        Ok(())
    }

    fn finish(&mut self, packets: &mut PacketQueue) -> Result<()> {
        if let Some(last) = self.odd.take() {
            let byte = self.byte([last, 0]);
            let packet = packets.push();
            packet.data.push(byte);
            self.clock.set_times(packet, 2);
        }
        Ok(())
    }
}
