//! Quality of a resampler, measured with tones.

use std::f64::consts::TAU;
use std::fmt;

/// Sample rates before and after, in Hz.
pub(super) const FROM: u32 = 48_000;
pub(super) const TO: u32 = 44_100;

/// Tones that must be preserved, in Hz.
const IN_BAND: &[u32] = &[100, 997, 5_000, 10_000, 15_000, 18_000, 20_000];
/// Tones above half of the new rate. Their aliases have the frequency of 44.1 kHz minus the tone.
const ABOVE: &[u32] = &[
    22_100, 22_200, 22_300, 22_400, 22_500, 22_600, 22_700, 22_800, 22_900, 23_000, 23_100, 23_200,
    23_300, 23_400, 23_500, 23_600, 23_700, 23_800, 23_900,
];
const AMPLITUDE: f64 = 0.5;

pub(super) const NOTE: &str = "\
SNR and gain: the worst of tones from 100 Hz to 20 kHz; 32-bit samples allow about 150 dB.
alias: the loudest of tones from 22.1 kHz up, which fold to 22.0 kHz and below; and from 23 kHz up,
which fold to 21.1 kHz and below.";

/// Returns all tones, each for one second.
pub(super) fn signal() -> Vec<f32> {
    let tones = IN_BAND.iter().chain(ABOVE);
    let sample = |frequency: u32, i: u32| {
        let phase = TAU * f64::from(frequency) * f64::from(i) / f64::from(FROM);
        (AMPLITUDE * phase.sin()) as f32
    };
    tones.flat_map(|frequency| (0..FROM).map(|i| sample(*frequency, i))).collect()
}

/// Measurements in dB.
pub(super) struct Figures {
    snr: f64,
    /// The gain that differs most from 0.
    gain: f64,
    alias: f64,
    alias_from_23k: f64,
}

impl Figures {
    /// Measures the resampled [`signal`].
    pub(super) fn of(resampled: &[f32]) -> Self {
        let mut figures =
            Self { snr: f64::INFINITY, gain: 0.0, alias: f64::MIN, alias_from_23k: f64::MIN };
        let tones = IN_BAND.iter().chain(ABOVE);
        for (frequency, tone) in tones.zip(resampled.chunks(TO as usize)) {
            // Away from the steps between the tones.
            let tone = &tone[TO as usize / 4..3 * TO as usize / 4];
            if *frequency > TO / 2 {
                let power = tone.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
                let level = decibels(power / tone.len() as f64 / (AMPLITUDE.powi(2) / 2.0));
                figures.alias = figures.alias.max(level);
                if *frequency >= 23_000 {
                    figures.alias_from_23k = figures.alias_from_23k.max(level);
                }
            } else {
                let (signal, noise) = fit(tone, *frequency);
                figures.snr = figures.snr.min(decibels(signal / noise));
                let gain = decibels(signal / (AMPLITUDE.powi(2) / 2.0));
                if gain.abs() > figures.gain.abs() {
                    figures.gain = gain;
                }
            }
        }
        figures
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { snr, gain, alias, alias_from_23k } = self;
        write!(f, "{snr:>6.1} dB {gain:>+8.4} dB {alias:>8.1} dB {alias_from_23k:>8.1} dB")
    }
}

/// Returns the power at a tone's frequency and the power of the rest, by least squares of sine and cosine.
fn fit(tone: &[f32], frequency: u32) -> (f64, f64) {
    let wave = |i: usize| (TAU * f64::from(frequency) * i as f64 / f64::from(TO)).sin_cos();
    let (mut ss, mut sc, mut cc, mut sx, mut cx) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (i, x) in tone.iter().enumerate() {
        let ((s, c), x) = (wave(i), f64::from(*x));
        ss += s * s;
        sc += s * c;
        cc += c * c;
        sx += s * x;
        cx += c * x;
    }
    let determinant = ss * cc - sc * sc;
    let (a, b) = ((sx * cc - cx * sc) / determinant, (cx * ss - sx * sc) / determinant);
    let rest = tone.iter().enumerate().map(|(i, x)| {
        let (s, c) = wave(i);
        (f64::from(*x) - a * s - b * c).powi(2)
    });
    ((a * a + b * b) / 2.0, rest.sum::<f64>() / tone.len() as f64)
}

fn decibels(power: f64) -> f64 {
    10.0 * power.log10()
}
