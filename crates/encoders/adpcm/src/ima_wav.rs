//! IMA ADPCM in WAV's block format (*Multimedia Data Standards Update*, Microsoft 1994, "IMA
//! ADPCM").

/// Changes of the step index by the magnitude bits of a code.
const INDEX_STEPS: [i32; 8] = [-1, -1, -1, -1, 2, 4, 6, 8];

/// Quantizer step sizes.
#[rustfmt::skip]
const STEPS: [i32; 89] = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66,
    73, 80, 88, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449,
    494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272,
    2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493,
    10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
];

/// Bytes of each channel's state at the start of a block.
const HEADER: usize = 4;

/// State of one channel.
#[derive(Debug, Clone, Default)]
pub(crate) struct Channel {
    /// The last sample as a decoder reconstructs it.
    predictor: i32,
    step_index: usize,
}

/// Returns the samples per channel in a block: one in the header, and two in each byte after it.
pub(crate) const fn samples_per_block(block_size: usize, channels: usize) -> usize {
    (block_size - HEADER * channels) * 2 / channels + 1
}

/// Appends a block. `samples` holds one plane after the other.
pub(crate) fn encode(channels: &mut [Channel], samples: &[i16], block: &mut Vec<u8>) {
    let per_channel = samples.len() / channels.len();
    for (channel, plane) in channels.iter_mut().zip(samples.chunks_exact(per_channel)) {
        channel.predictor = plane[0].into();
        block.extend(plane[0].to_le_bytes());
        block.extend([channel.step_index as u8, 0]);
    }
    // Channels alternate in words of eight samples.
    for start in (1..per_channel).step_by(8) {
        for (channel, plane) in channels.iter_mut().zip(samples.chunks_exact(per_channel)) {
            for pair in plane[start..start + 8].as_chunks::<2>().0 {
                let low = channel.difference(pair[0]);
                block.push(low | channel.difference(pair[1]) << 4);
            }
        }
    }
}

impl Channel {
    /// Returns the 4-bit code of a sample.
    fn difference(&mut self, sample: i16) -> u8 {
        let step = STEPS[self.step_index];
        let difference = i32::from(sample) - self.predictor;
        let size = (difference.abs() * 4 / step).min(7);
        let change = step * (2 * size + 1) / 8;
        let predictor = self.predictor + if difference < 0 { -change } else { change };
        self.predictor = predictor.clamp(i16::MIN.into(), i16::MAX.into());
        let index = self.step_index as i32 + INDEX_STEPS[size as usize];
        self.step_index = index.clamp(0, STEPS.len() as i32 - 1) as usize;
        size as u8 | if difference < 0 { 8 } else { 0 }
    }
}
