//! Properties of all chunks, with any memory layout and division into blocks.

mod common;

use common::{Lcg, bits, bytes};
use proptest::prelude::*;
use reelwright_convert::AudioConverter;
use reelwright_core::{ChannelLayout, DataType, SampleFormat, TensorView, TypedBuffer};

const LAYOUTS: [&str; 6] = ["mono", "stereo", "2.1", "5.1", "7.1", "octagonal"];

fn samples(data_type: DataType, len: usize, seed: u64) -> TypedBuffer {
    let mut random = Lcg(seed);
    match data_type {
        DataType::U8 => TypedBuffer::U8((0..len).map(|_| random.bits() as u8).collect()),
        DataType::U16 => unreachable!("no audio"),
        DataType::I16 => TypedBuffer::I16((0..len).map(|_| random.bits() as i16).collect()),
        DataType::I32 => TypedBuffer::I32((0..len).map(|_| random.bits() as i32).collect()),
        DataType::I64 => TypedBuffer::I64((0..len).map(|_| random.bits() as i64).collect()),
        DataType::F32 => TypedBuffer::F32((0..len).map(|_| random.number() as f32).collect()),
        DataType::F64 => TypedBuffer::F64((0..len).map(|_| random.number()).collect()),
    }
}

fn format() -> impl Strategy<Value = SampleFormat> {
    prop::sample::select(SampleFormat::ALL)
}

fn data_type() -> impl Strategy<Value = DataType> {
    prop::sample::select(SampleFormat::PACKED).prop_map(SampleFormat::data_type)
}

/// Two layouts, equal in about half of the cases.
fn layouts() -> impl Strategy<Value = (ChannelLayout, ChannelLayout)> {
    let layout = || prop::sample::select(&LAYOUTS[..]).prop_map(|name| name.parse().unwrap());
    (layout(), layout(), any::<bool>())
        .prop_map(|(from, to, same)| (from, if same { from } else { to }))
}

proptest! {
    #[test]
    fn blocks_give_the_result_of_the_whole(
        from in data_type(),
        to in format(),
        (from_layout, to_layout) in layouts(),
        cuts in prop::collection::vec(0usize..700, 0..5),
        seed: u64,
    ) {
        let len: usize = cuts.iter().sum();
        let (before, capacity) = (3, len + 5);
        let data = samples(from, len * from_layout.channels(), seed);
        let chunk = common::view(&data, from_layout.channels());
        let empty = samples(to.data_type(), capacity * to_layout.channels(), 9);
        let mut converter = AudioConverter::new(from, from_layout, to, to_layout).unwrap();
        let mut whole = empty.clone();
        converter.convert(&chunk, 0..len, &mut whole, capacity, before);
        let mut pieces = empty.clone();
        let mut start = 0;
        for cut in cuts {
            converter.convert(&chunk, start..start + cut, &mut pieces, capacity, before + start);
            start += cut;
        }
        prop_assert_eq!(bytes(&pieces), bytes(&whole));
        // Elements around the samples are unchanged.
        for channel in 0..to_layout.channels() {
            for at in (0..before).chain(before + len..capacity) {
                let index = if to.is_planar() {
                    channel * capacity + at
                } else {
                    at * to_layout.channels() + channel
                };
                prop_assert_eq!(bits(&whole, index), bits(&empty, index));
            }
        }
    }

    #[test]
    fn strides_do_not_matter(
        from in data_type(),
        to in format(),
        (from_layout, to_layout) in layouts(),
        rows in 0usize..700,
        way in 0usize..8,
        seed: u64,
    ) {
        let columns = from_layout.channels();
        let (r, c) = (rows as isize, columns as isize);
        // Contiguous, planar, both reversed, with gaps, one row repeated, one column repeated.
        let (row, column) = [
            (c, 1), (1, r), (-c, -1), (-1, r), (c + 3, 1), (2 * c, 2), (0, 1), (1, 0),
        ][way];
        let reach = (r * row.abs() + c * column.abs()) as usize;
        let data = samples(from, 2 * reach + 1, seed);
        let strided = match &data {
            TypedBuffer::U8(data) => TensorView::new(data, reach, &[rows, columns], &[row, column]),
            TypedBuffer::I16(data) => TensorView::new(data, reach, &[rows, columns], &[row, column]),
            TypedBuffer::I32(data) => TensorView::new(data, reach, &[rows, columns], &[row, column]),
            TypedBuffer::I64(data) => TensorView::new(data, reach, &[rows, columns], &[row, column]),
            TypedBuffer::F32(data) => TensorView::new(data, reach, &[rows, columns], &[row, column]),
            TypedBuffer::F64(data) => TensorView::new(data, reach, &[rows, columns], &[row, column]),
        }
        .unwrap();
        let indices = (0..rows).flat_map(|i| {
            (0..columns).map(move |j| {
                reach.wrapping_add_signed(i as isize * row + j as isize * column)
            })
        });
        let copy = match &data {
            TypedBuffer::U8(data) => TypedBuffer::U8(indices.map(|i| data[i]).collect()),
            TypedBuffer::I16(data) => TypedBuffer::I16(indices.map(|i| data[i]).collect()),
            TypedBuffer::I32(data) => TypedBuffer::I32(indices.map(|i| data[i]).collect()),
            TypedBuffer::I64(data) => TypedBuffer::I64(indices.map(|i| data[i]).collect()),
            TypedBuffer::F32(data) => TypedBuffer::F32(indices.map(|i| data[i]).collect()),
            TypedBuffer::F64(data) => TypedBuffer::F64(indices.map(|i| data[i]).collect()),
        };
        let contiguous = common::view(&copy, columns);
        let found = common::convert(&strided, from_layout, to, to_layout);
        let expected = common::convert(&contiguous, from_layout, to, to_layout);
        prop_assert_eq!(bytes(&found), bytes(&expected));
    }

    /// Packed and planar results differ only in their order.
    #[test]
    fn planar_and_packed_results_are_equal(
        from in data_type(),
        to in data_type(),
        (from_layout, to_layout) in layouts(),
        rows in 0usize..1200,
        seed: u64,
    ) {
        let data = samples(from, rows * from_layout.channels(), seed);
        let chunk = common::view(&data, from_layout.channels());
        let convert = |format| common::convert(&chunk, from_layout, format, to_layout);
        let packed = convert(SampleFormat::packed(to));
        let planar = SampleFormat::ALL.iter().find(|f| f.is_planar() && f.data_type() == to);
        let planar = convert(*planar.unwrap());
        let channels = to_layout.channels();
        for i in 0..packed.len() {
            prop_assert_eq!(bits(&packed, i), bits(&planar, i % channels * rows + i / channels));
        }
    }
}

#[test]
fn supports_65_535_channels() {
    let layout = ChannelLayout::unspecified(65_535).unwrap();
    let data = samples(DataType::F32, 3 * 65_535, 1);
    let chunk = common::view(&data, 65_535);
    for to in [SampleFormat::S16, SampleFormat::S16p] {
        let found = common::convert(&chunk, layout, to, layout);
        let straight = common::convert(
            &common::view(&data, 1),
            ChannelLayout::MONO,
            SampleFormat::S16,
            ChannelLayout::MONO,
        );
        for i in 0..found.len() {
            let at = if to.is_planar() { i % 3 * 65_535 + i / 3 } else { i };
            assert_eq!(bits(&found, i), bits(&straight, at));
        }
    }
}
