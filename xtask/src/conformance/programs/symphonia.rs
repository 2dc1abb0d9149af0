use reelwright_testkit::decode::decode_path;

use super::super::expected::Decoded;
use super::super::program::{Problem, Program};
use super::super::written::Written;
use super::run::judge;

pub(super) fn check(file: &Written) -> Vec<Problem> {
    fn bytes(file: &Written) -> Result<(u32, usize, Vec<u8>), String> {
        macro_rules! decode {
            ($sample:ty) => {{
                let audio = decode_path::<$sample>(&file.path)?;
                let bytes = audio.samples.iter().flat_map(|x| x.to_le_bytes()).collect();
                (audio.sample_rate, audio.channels, bytes)
            }};
        }
        Ok(match Decoded::of(&file.case) {
            Decoded::F64 => decode!(f64),
            Decoded::F32 => decode!(f32),
            Decoded::I32 | Decoded::I64 => decode!(i32),
        })
    }
    let (rate, channels, found) = match bytes(file) {
        Ok(found) => found,
        Err(error) => return vec![Problem::new("decode", error)],
    };
    let spec = (rate, channels) != (file.case.sample_rate, file.case.channels());
    let spec = spec.then(|| Problem::new("facts", format!("{rate} Hz, {channels} channels")));
    spec.into_iter().chain(judge(Program::Symphonia, file, &found)).collect()
}
