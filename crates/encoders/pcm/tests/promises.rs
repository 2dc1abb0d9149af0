//! Contract of encoders.

use reelwright_enc_pcm::ENCODERS;
use reelwright_testkit::encoding::keeps_the_promises;

#[test]
fn the_encoder_keeps_the_promises() {
    ENCODERS.iter().for_each(keeps_the_promises);
}
