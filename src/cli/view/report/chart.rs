//! Charts as SVG, drawn by plotters: columns and lines over days, bars over names. Colours are such that the charts can be
//! read on a white and on a dark page.

use super::series::Bucket;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Size of a chart, in pixels of the drawing; the page scales it.
const SIZE: (u32, u32) = (720, 240);
/// Height of one bar with its gap, in pixels.
const BAR: u32 = 28;

/// What is answered, spent, sent.
const GOOD: RGBColor = RGBColor(46, 134, 193);
/// What failed.
const BAD: RGBColor = RGBColor(203, 67, 53);
/// Axes and their words.
const INK: RGBColor = RGBColor(128, 128, 128);

/// Why a chart could not be drawn.
pub(super) type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// One row of columns over days: what it is, and its colour.
pub(super) struct Layer<'a> {
    /// The value of a place.
    pub(super) value: &'a dyn Fn(&Bucket) -> f64,
    /// Whether it is what went wrong.
    pub(super) bad: bool,
}

/// Columns over days, layers upon each other.
///
/// # Errors
/// When the chart cannot be drawn.
pub(super) fn columns(
    buckets: &[Bucket],
    layers: &[Layer<'_>],
    label: &dyn Fn(&f64) -> String,
) -> Result<String, Trouble> {
    let heights = buckets.iter().map(|bucket| layers.iter().map(|layer| (layer.value)(bucket)).sum::<f64>());
    let most = heights.fold(0.0, f64::max);
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart = over_days(&root, buckets, nice(most), label)?;
        for (place, bucket) in (0u32..).zip(buckets) {
            let mut below = 0.0;
            for layer in layers {
                let value = (layer.value)(bucket);
                let colour = if layer.bad { BAD } else { GOOD };
                let (left, right) = (f64::from(place) + 0.1, f64::from(place) + 0.9);
                let column = Rectangle::new([(left, below), (right, below + value)], colour.filled());
                if value > 0.0 {
                    chart.draw_series(std::iter::once(column))?;
                }
                below += value;
            }
        }
        root.present()?;
    }
    Ok(svg)
}

/// A line over days, from 0 to 1, broken where there is nothing.
///
/// # Errors
/// When the chart cannot be drawn.
pub(super) fn rate(buckets: &[Bucket], value: &dyn Fn(&Bucket) -> Option<f64>) -> Result<String, Trouble> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart = over_days(&root, buckets, 1.0, &|share| format!("{:.0} %", share * 100.0))?;
        let mut run: Vec<(f64, f64)> = Vec::new();
        let places = (0u32..).zip(buckets).map(|(place, bucket)| (f64::from(place) + 0.5, value(bucket)));
        for (at, value) in places.chain(std::iter::once((0.0, None))) {
            match value {
                Some(value) => run.push((at, value)),
                None => {
                    let points = std::mem::take(&mut run);
                    chart.draw_series(LineSeries::new(points.clone(), GOOD.stroke_width(2)))?;
                    chart.draw_series(points.into_iter().map(|point| Circle::new(point, 3, GOOD.filled())))?;
                }
            }
        }
        root.present()?;
    }
    Ok(svg)
}

/// Bars with their names: what answered and what failed.
///
/// # Errors
/// When the chart cannot be drawn.
pub(super) fn bars(rows: &[(&str, f64, f64)]) -> Result<String, Trouble> {
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX).max(1);
    let most = nice(rows.iter().map(|(_, good, bad)| good + bad).fold(0.0, f64::max));
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (SIZE.0, count * BAR + 40)).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin(8)
            .x_label_area_size(24)
            .y_label_area_size(150)
            .build_cartesian_2d(0.0..most, 0.0..f64::from(count))?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(0.2))
            .axis_style(INK)
            .label_style(words())
            .x_labels(5)
            .x_label_formatter(&|value| whole(value))
            .draw()?;
        for (place, (name, good, bad)) in (0u32..).zip(rows) {
            // The first row stands on top.
            let (low, high) = (f64::from(count - place) - 0.85, f64::from(count - place) - 0.15);
            chart.draw_series(std::iter::once(Rectangle::new([(0.0, low), (*good, high)], GOOD.filled())))?;
            if *bad > 0.0 {
                let rest = Rectangle::new([(*good, low), (good + bad, high)], BAD.filled());
                chart.draw_series(std::iter::once(rest))?;
            }
            let at = chart.backend_coord(&(0.0, f64::from(count - place) - 0.5));
            let style = words().pos(Pos::new(HPos::Right, VPos::Center));
            root.draw_text(name, &style, (at.0 - 8, at.1))?;
        }
        root.present()?;
    }
    Ok(svg)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type OverDays<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

/// Axes over days, from 0 to `most`.
fn over_days<'a, 'b>(
    root: &'a Area<'b>,
    buckets: &[Bucket],
    most: f64,
    label: &dyn Fn(&f64) -> String,
) -> Result<OverDays<'a, 'b>, Trouble> {
    let count = u32::try_from(buckets.len()).unwrap_or(u32::MAX).max(1);
    let mut chart = ChartBuilder::on(root)
        .margin(8)
        .x_label_area_size(24)
        .y_label_area_size(70)
        .build_cartesian_2d(0.0..f64::from(count), 0.0..most)?;
    let day = |place: &f64| {
        // Marks stand at whole places; the end of the last one is no day.
        let bucket = buckets.get(*place as usize).filter(|_| place.fract() == 0.0);
        bucket.map_or_else(String::new, |bucket| bucket.day.format("%b %-d").to_string())
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.2))
        .axis_style(INK)
        .label_style(words())
        .x_labels(buckets.len().min(8))
        .x_label_formatter(&day)
        .y_labels(4)
        .y_label_formatter(&|value| label(value))
        .draw()?;
    Ok(chart)
}

fn words() -> TextStyle<'static> {
    ("sans-serif", 13).into_font().color(&INK)
}

/// A number without places where it is whole; else nothing, so that no chart of counts shows half a call.
pub(super) fn whole(value: &f64) -> String {
    if value.fract().abs() < 1e-9 { super::thousands(value.max(0.0) as u64) } else { String::new() }
}

/// A little more than the largest value, and never nothing.
fn nice(most: f64) -> f64 {
    if most > 0.0 && most.is_finite() { most * 1.08 } else { 1.0 }
}
