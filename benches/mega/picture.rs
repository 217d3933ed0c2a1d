//! The curve as a picture for the documents: what succeeds, what is recovered, what is saved and what time it takes, over the
//! share of calls that are hit.

use plotters::prelude::*;
use std::path::Path;

/// One share of faults and what came of it, all in percent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) faults: f64,
    pub(crate) succeeded: f64,
    pub(crate) recovered: f64,
    pub(crate) cheaper: f64,
    /// Wall time over its bound; 100 is the bound itself.
    pub(crate) stretch: f64,
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

/// A curve's name, colour and value.
type Curve = (&'static str, RGBColor, fn(&Point) -> f64);

const CURVES: [Curve; 3] = [
    ("tasks that succeed", RGBColor(31, 119, 180), |point| point.succeeded),
    ("errors recovered", RGBColor(44, 160, 44), |point| point.recovered),
    ("cheaper than always the strongest", RGBColor(255, 127, 14), |point| point.cheaper),
];

/// Draws it.
pub(crate) fn draw(path: &Path, points: &[Point], caption: &str) -> Drawn {
    let area = SVGBackend::new(path, (860, 640)).into_drawing_area();
    area.fill(&WHITE)?;
    let (upper, lower) = area.split_vertically(420);
    shares(&upper, points, caption)?;
    times(&lower, points)?;
    area.present()?;
    Ok(())
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn shares(area: &Area<'_>, points: &[Point], caption: &str) -> Drawn {
    let mut chart = ChartBuilder::on(area)
        .caption(caption, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(52)
        .build_cartesian_2d(0.0..100.0, 0.0..100.0)?;
    chart
        .configure_mesh()
        .x_desc("calls hit by a fault, %")
        .y_desc("%")
        .light_line_style(RGBColor(238, 238, 238))
        .draw()?;
    for (name, colour, value) in CURVES {
        let line = points.iter().map(|point| (point.faults, value(point).clamp(0.0, 100.0)));
        let legend = move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(3));
        chart.draw_series(LineSeries::new(line.clone(), colour.stroke_width(2)))?.label(name).legend(legend);
        chart.draw_series(line.map(|at| Circle::new(at, 3, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerLeft)
        .background_style(WHITE.mix(0.9))
        .border_style(RGBColor(200, 200, 200))
        .draw()?;
    Ok(())
}

/// Time has no upper end, so it has a scale of its own, cut where it says no more than "long".
fn times(area: &Area<'_>, points: &[Point]) -> Drawn {
    const MOST: f64 = 5.0;
    let colour = RGBColor(148, 103, 189);
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(52)
        .build_cartesian_2d(0.0..100.0, 1.0..MOST)?;
    let label = |value: &f64| if *value >= MOST { format!("≥ {value:.0} ×") } else { format!("{value:.0} ×") };
    chart
        .configure_mesh()
        .y_labels(5)
        .y_label_formatter(&label)
        .x_desc("wall time over its bound (longest path, or work over slots)")
        .light_line_style(RGBColor(238, 238, 238))
        .draw()?;
    let line = points.iter().map(|point| (point.faults, (point.stretch / 100.0).clamp(1.0, MOST)));
    chart.draw_series(LineSeries::new(line.clone(), colour.stroke_width(2)))?;
    chart.draw_series(line.map(|at| Circle::new(at, 3, colour.filled())))?;
    Ok(())
}
