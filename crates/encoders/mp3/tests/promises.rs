//! Contract of encoders.

use reelwright_enc_mp3::ENCODER;
use reelwright_testkit::encoding::keeps_the_promises;

#[test]
fn the_encoder_keeps_the_promises() {
    keeps_the_promises(&ENCODER);
}
