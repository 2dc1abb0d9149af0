//! Writer of AMF 0, *Action Message Format* §2.

/// Appends a number (§2.2).
pub(crate) fn number(out: &mut Vec<u8>, value: f64) {
    out.push(0);
    out.extend(value.to_be_bytes());
}

/// Appends a boolean (§2.3).
pub(crate) fn boolean(out: &mut Vec<u8>, value: bool) {
    out.extend([1, u8::from(value)]);
}

/// Appends a string (§2.4), or a long string (§2.14) from 65,536 bytes on.
pub(crate) fn string(out: &mut Vec<u8>, value: &str) {
    match u16::try_from(value.len()) {
        Ok(length) => {
            out.push(2);
            out.extend(length.to_be_bytes());
        }
        Err(_) => {
            out.push(12);
            out.extend((value.len() as u32).to_be_bytes());
        }
    }
    out.extend(value.as_bytes());
}

/// Appends the name of a property (§2.5).
///
/// # Errors
/// The name is longer than 65,535 bytes. Returns its length.
pub(crate) fn key(out: &mut Vec<u8>, name: &str) -> Result<(), usize> {
    let length = u16::try_from(name.len()).map_err(|_| name.len())?;
    out.extend(length.to_be_bytes());
    out.extend(name.as_bytes());
    Ok(())
}

/// Marker of an object (§2.5).
pub(crate) const OBJECT: u8 = 3;
/// Marker of an ECMA array (§2.10), which precedes the number of its properties.
pub(crate) const ECMA_ARRAY: u8 = 8;
/// Marker of a strict array (§2.12), which precedes the number of its values.
pub(crate) const STRICT_ARRAY: u8 = 10;
/// End of an object and an ECMA array: an empty name and a marker (§2.5).
pub(crate) const OBJECT_END: [u8; 3] = [0, 0, 9];
