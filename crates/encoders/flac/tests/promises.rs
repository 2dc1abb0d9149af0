//! Contract of encoders.

use reelwright_enc_flac::ENCODER;
use reelwright_testkit::encoding::{Case, keeps_the_promises, the_delay_is_kept};

#[test]
fn the_encoder_keeps_the_promises() {
    keeps_the_promises(&ENCODER);
}

#[test]
fn threads_hold_a_fixed_number_of_blocks() {
    let case = Case { options: "threads=3 frame_size=512", ..Case::new(&ENCODER) };
    the_delay_is_kept(&case);
}
