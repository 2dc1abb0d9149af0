//! Plots of results, as SVG.

use anyhow::anyhow;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::results::{Curve, FIGURES, Results};

/// Colors of series, which people with color blindness can distinguish.
const COLORS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(150, 110, 0),
];
const TEXT: RGBColor = RGBColor(60, 60, 60);
const FONT: &str = "sans-serif";

type Svg = (String, String);

/// Returns the names and texts of all plots.
pub(super) fn all(results: &Results) -> anyhow::Result<Vec<Svg>> {
    let mut plots = vec![("speed".into(), speeds(results)?)];
    for title in titles(results) {
        let curves: Vec<&Curve> = results.curves.iter().filter(|c| c.plot == title).collect();
        plots.push((file_name(&title), lines(&title, &curves)?));
    }
    Ok(plots)
}

/// Returns the titles of plots of curves, in their order.
pub(super) fn titles(results: &Results) -> Vec<String> {
    let mut titles: Vec<String> = Vec::new();
    for curve in &results.curves {
        if !titles.contains(&curve.plot) {
            titles.push(curve.plot.clone());
        }
    }
    titles
}

/// Returns the name of a plot's file, without its extension.
pub(super) fn file_name(title: &str) -> String {
    let kept = title.to_lowercase();
    let words = kept.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

fn failed<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> anyhow::Error {
    anyhow!("drawing a plot: {error}")
}

/// Draws the ratios of speeds, on a logarithmic scale.
fn speeds(results: &Results) -> anyhow::Result<String> {
    const ROW: i32 = 26;
    const LEFT: i32 = 290;
    const WIDTH: i32 = 720;
    let bars = FIGURES.iter().filter_map(|figure| {
        let label = format!("{} / {}", figure.label.replace('`', ""), figure.peer_label);
        Some((label, results.figure(figure)?.ratio()))
    });
    let mut bars: Vec<(String, f64)> = bars.collect();
    bars.sort_by(|a, b| b.1.total_cmp(&a.1));
    let largest = bars.iter().map(|bar| bar.1).fold(2.0, f64::max);
    let height = ROW * bars.len() as i32 + 56;
    // From half as fast to the fastest.
    let x = |ratio: f64| {
        let share = (ratio.max(0.5) * 2.0).ln() / (largest * 2.0).ln();
        LEFT + (f64::from(WIDTH - LEFT - 60) * share) as i32
    };
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH as u32, height as u32));
        let area = area.into_drawing_area();
        area.fill(&WHITE).map_err(failed)?;
        let title = (FONT, 15).into_font().color(&TEXT);
        let text = "Speed: times as fast as the peer (CPU time)";
        area.draw(&Text::new(text, (12, 12), title)).map_err(failed)?;
        let font = (FONT, 13).into_font().color(&TEXT);
        for (row, (label, ratio)) in bars.iter().enumerate() {
            let y = 44 + ROW * row as i32;
            let right = font.clone().pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(label.as_str(), (LEFT - 10, y + 8), right)).map_err(failed)?;
            let color = if *ratio < 1.0 { COLORS[1] } else { COLORS[0] };
            let (one, end) = (x(1.0), x(*ratio));
            let corners = [(one.min(end), y), (one.max(end), y + 16)];
            area.draw(&Rectangle::new(corners, color.filled())).map_err(failed)?;
            let left = font.clone().pos(Pos::new(HPos::Left, VPos::Center));
            let at = (one.max(end) + 6, y + 8);
            area.draw(&Text::new(format!("{ratio:.1}"), at, left)).map_err(failed)?;
        }
        let line = vec![(x(1.0), 38), (x(1.0), height - 8)];
        area.draw(&PathElement::new(line, TEXT.stroke_width(1))).map_err(failed)?;
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

/// Draws curves in one coordinate system.
fn lines(title: &str, curves: &[&Curve]) -> anyhow::Result<String> {
    let is_memory = curves.iter().any(|curve| curve.part == "program");
    let (x_name, y_name) = match curves.first().map(|curve| curve.part.as_str()) {
        Some("program") => ("minutes of audio", "MiB in use"),
        Some("quality") => ("kbit/s", "MOS"),
        _ => ("kbit/s", "SSIM in dB"),
    };
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let bounds = |axis: usize| {
        let values = points().map(|point| point[axis]);
        let low = values.clone().fold(f64::INFINITY, f64::min);
        (low, values.fold(f64::NEG_INFINITY, f64::max))
    };
    let ((_, right), (low, high)) = (bounds(0), bounds(1));
    let margin = 0.06 * (high - low).max(0.1);
    let bottom = if is_memory { 0.0 } else { low - margin };
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (720, 380)).into_drawing_area();
        area.fill(&WHITE).map_err(failed)?;
        let mut chart = ChartBuilder::on(&area);
        chart.caption(title, (FONT, 15).into_font().color(&TEXT)).margin(12);
        chart.x_label_area_size(38).y_label_area_size(48);
        let mut chart =
            chart.build_cartesian_2d(0.0..right * 1.03, bottom..high + margin).map_err(failed)?;
        let mut mesh = chart.configure_mesh();
        mesh.x_desc(x_name).y_desc(y_name).label_style((FONT, 12).into_font().color(&TEXT));
        mesh.light_line_style(TRANSPARENT).x_labels(8).y_labels(8);
        mesh.y_label_formatter(&|y| format!("{y:.1}")).draw().map_err(failed)?;
        for (curve, color) in curves.iter().zip(COLORS) {
            let points = curve.points.iter().map(|[x, y]| (*x, *y));
            let style = color.stroke_width(2);
            let series = chart.draw_series(LineSeries::new(points.clone(), style));
            let series = series.map_err(failed)?.label(&curve.series);
            series.legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
            if !is_memory {
                let dots = points.map(|point| Circle::new(point, 3, color.filled()));
                chart.draw_series(dots).map_err(failed)?;
            }
        }
        let mut legend = chart.configure_series_labels();
        legend.background_style(WHITE.mix(0.8)).label_font((FONT, 12).into_font().color(&TEXT));
        let position = if is_memory {
            SeriesLabelPosition::MiddleRight
        } else {
            SeriesLabelPosition::LowerRight
        };
        legend.position(position).draw().map_err(failed)?;
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::super::results::Comparison;
    use super::*;

    #[test]
    fn plots_contain_what_they_are_made_from() {
        let mut results = Results::default();
        results.add(Comparison::new("flac", "FLAC level 5", "ffmpeg", "x", [6.0, 2.0]));
        results.curve("quality", "AAC, ViSQOL", "Reelwright", &[[64.0, 4.1], [128.0, 4.6]]);
        let plots = all(&results).unwrap();
        let [(_, speed), (name, curves)] = &plots[..] else { panic!("{plots:?}") };
        assert!(speed.contains("FLAC level 5 / FFmpeg") && speed.contains("3.0"), "{speed}");
        assert_eq!(name, "aac-visqol");
        assert!(curves.contains("Reelwright") && curves.contains("<polyline"), "{curves}");
    }
}
