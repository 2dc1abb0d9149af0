//! Microsoft ADPCM (*Multimedia Data Standards Update*, Microsoft 1994, "Microsoft ADPCM").

/// Factor of the step size for each code, in 1/256.
const ADAPTATION: [i32; 16] =
    [230, 230, 230, 230, 307, 409, 512, 614, 768, 614, 512, 409, 307, 230, 230, 230];

/// Smallest step size.
const MIN_STEP: i32 = 16;

/// Bytes of each channel's state at the start of a block.
const HEADER: usize = 7;

/// State of one channel. The encoder always uses the first of the seven predictors, which repeats
/// the last sample.
#[derive(Debug, Clone, Default)]
pub(crate) struct Channel {
    step: i32,
    /// The last sample as a decoder reconstructs it.
    last: i32,
}

/// Returns the samples per channel in a block: two in the header, and two in each byte after it.
pub(crate) const fn samples_per_block(block_size: usize, channels: usize) -> usize {
    (block_size - HEADER * channels) * 2 / channels + 2
}

/// Appends a block of interleaved `samples`.
pub(crate) fn encode(channels: &mut [Channel], samples: &[i16], block: &mut Vec<u8>) {
    let count = channels.len();
    let (first, rest) = samples.split_at(count);
    let (second, rest) = rest.split_at(count);
    block.extend((0..count).map(|_| 0u8));
    for channel in &mut *channels {
        channel.step = channel.step.max(MIN_STEP);
        block.extend((channel.step as i16).to_le_bytes());
    }
    for (channel, sample) in channels.iter_mut().zip(second) {
        channel.last = i32::from(*sample);
        block.extend(sample.to_le_bytes());
    }
    block.extend(first.iter().flat_map(|sample| sample.to_le_bytes()));
    let last = count - 1;
    for pair in rest.as_chunks::<2>().0 {
        let high = channels[0].code(pair[0]);
        block.push(high << 4 | channels[last].code(pair[1]));
    }
}

impl Channel {
    /// Returns the 4-bit code of a sample.
    fn code(&mut self, sample: i16) -> u8 {
        let difference = i32::from(sample) - self.last;
        let half = self.step / 2;
        let bias = if difference < 0 { -half } else { half };
        let code = ((difference + bias) / self.step).clamp(-8, 7);
        self.last = (self.last + code * self.step).clamp(i16::MIN.into(), i16::MAX.into());
        let bits = code as u8 & 15;
        self.step = ((ADAPTATION[usize::from(bits)] * self.step) >> 8).max(MIN_STEP);
        bits
    }
}
