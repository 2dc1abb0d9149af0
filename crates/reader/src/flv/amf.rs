//! AMF 0 (*Action Message Format* §2): names and values of script tags.

/// Maximum depth of nested objects.
const MAX_DEPTH: usize = 16;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Text(String),
    /// Properties of an object or an ECMA array, up to damage.
    Object(Vec<(String, Value)>),
    /// Any other type.
    Other,
}

impl Value {
    /// Returns a property of an object.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let Self::Object(properties) = self else { return None };
        properties.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Returns a finite number.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) if number.is_finite() => Some(*number),
            _ => None,
        }
    }
}

/// Reader of values.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// Reads a string without its marker.
    fn short_text(&mut self) -> Option<String> {
        let length = self.take(2)?.try_into().ok().map(u16::from_be_bytes)?;
        self.take(length.into()).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// Reads the properties of an object up to its end, or as far as they are valid.
    fn properties(&mut self, depth: usize) -> Value {
        let mut properties = Vec::new();
        while let Some(name) = self.short_text() {
            // An empty name and marker 9 end the object.
            if name.is_empty() && self.0.first() == Some(&9) {
                self.0 = &self.0[1..];
                break;
            }
            let Some(value) = self.value_at(depth + 1) else { break };
            properties.push((name, value));
        }
        Value::Object(properties)
    }

    /// Reads a value. Returns `None` if it is truncated, or has an unknown type.
    pub(super) fn value(&mut self) -> Option<Value> {
        self.value_at(0)
    }

    fn value_at(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        Some(match self.byte()? {
            0 => Value::Number(f64::from_be_bytes(self.take(8)?.try_into().ok()?)),
            1 => {
                self.byte()?;
                Value::Other
            }
            2 => Value::Text(self.short_text()?),
            3 => self.properties(depth),
            5 | 6 | 13 => Value::Other,
            7 => {
                self.take(2)?;
                Value::Other
            }
            8 => {
                // The number of properties is often wrong.
                self.u32()?;
                self.properties(depth)
            }
            10 => {
                for _ in 0..self.u32()? {
                    self.value_at(depth + 1)?;
                }
                Value::Other
            }
            11 => {
                self.take(10)?;
                Value::Other
            }
            12 | 15 => {
                let length = self.u32()? as usize;
                Value::Text(String::from_utf8_lossy(self.take(length)?).into_owned())
            }
            16 => {
                self.short_text()?;
                self.properties(depth)
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_nested_values_up_to_damage() {
        let bytes = [
            &b"\x08\0\0\0\x09\0\x01a\0\x40\x08\0\0\0\0\0\0"[..],
            b"\0\x01b\x03\0\x01c\x02\0\x02hi\0\0\x09",
            b"\0\x01d\x0a\0\0\0\x02\x05\x01\x01",
            b"\0\x01e\x0c\0\0\0\x03abc\0\0\x09",
        ]
        .concat();
        let value = Reader(&bytes).value().unwrap();
        assert_eq!(value.get("a").and_then(Value::number), Some(3.0));
        let nested = value.get("b").and_then(|b| b.get("c"));
        assert_eq!(nested, Some(&Value::Text("hi".to_owned())));
        assert_eq!(value.get("e"), Some(&Value::Text("abc".to_owned())));
        for length in 0..bytes.len() {
            let _ = Reader(&bytes[..length]).value();
        }
        let cut = Reader(&bytes[..20]).value().unwrap();
        assert!(cut.get("a").is_some() && cut.get("b").is_none());
        // Endless nesting, and a long array of nothing.
        assert_eq!(Reader(&[10, 0, 0, 0, 1].repeat(100)).value(), None);
        assert_eq!(Reader(&[10, 255, 255, 255, 255, 5, 5]).value(), None);
    }
}
