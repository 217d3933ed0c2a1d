//! Curves as SVG. Colours are such that they can be read on a white and on a dark page.

use plotters::prelude::*;
use std::path::Path;

const SIZE: (u32, u32) = (760, 360);
const INK: RGBColor = RGBColor(128, 128, 128);
const COLOURS: [RGBColor; 4] =
    [RGBColor(46, 134, 193), RGBColor(203, 67, 53), RGBColor(39, 174, 96), RGBColor(211, 132, 21)];

/// One named line.
pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Draws curves into a file.
pub(crate) fn draw(file: &Path, title: &str, x: (f64, f64), y: (f64, f64), curves: &[Curve]) {
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    let words = ("sans-serif", 14).into_font().color(&INK);
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18).into_font().color(&INK))
        .margin(12)
        .x_label_area_size(30)
        .y_label_area_size(50)
        .build_cartesian_2d(x.0..x.1, y.0..y.1)
        .unwrap();
    chart
        .configure_mesh()
        .axis_style(INK)
        .bold_line_style(INK.mix(0.25))
        .light_line_style(INK.mix(0.0))
        .label_style(words)
        .draw()
        .unwrap();
    let end = x.1 - x.0;
    for (place, curve) in curves.iter().enumerate() {
        let colour = COLOURS[place % COLOURS.len()];
        chart.draw_series(LineSeries::new(curve.points.clone(), colour.stroke_width(2))).unwrap();
        // Named in a column at the right, where no curve of ours is.
        let at = (x.0 + end * 0.66, y.0 + (y.1 - y.0) * (0.28 - 0.07 * place as f64));
        let label = Text::new(curve.name.clone(), at, ("sans-serif", 14).into_font().color(&colour));
        chart.draw_series(std::iter::once(label)).unwrap();
    }
    root.present().unwrap();
    println!("wrote {}", file.display());
}
