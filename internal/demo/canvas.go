package demo

import (
	"image"
	"image/color"
	"math"
	"slices"
)

// oversample is how many pixels are drawn for one, each way: the edges get smooth when they are averaged.
const oversample = 2

// canvas is a picture in the making. Its unit is a ninth of its height, so that a 16:9 picture is 16 wide and 9 high.
type canvas struct {
	img   *image.RGBA
	scale float64 // drawn pixels in a unit
}

type point struct{ x, y float64 }

// newCanvas is for a picture of w times h pixels.
func newCanvas(w, h int) *canvas {
	return &canvas{
		img:   image.NewRGBA(image.Rect(0, 0, w*oversample, h*oversample)),
		scale: float64(h*oversample) / 9,
	}
}

// picture averages what was drawn down to the picture's size.
func (c *canvas) picture() *image.RGBA {
	b := c.img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx()/oversample, b.Dy()/oversample))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			var sum [4]int
			for dy := range oversample {
				at := c.img.PixOffset(x*oversample, y*oversample+dy)
				for i := range 4 * oversample {
					sum[i%4] += int(c.img.Pix[at+i])
				}
			}
			at := out.PixOffset(x, y)
			for i, s := range sum {
				out.Pix[at+i] = uint8(s / (oversample * oversample))
			}
		}
	}
	return out
}

// row paints the pixels x0 to x1 (exclusive) of a row.
func (c *canvas) row(y, x0, x1 int, col color.NRGBA) {
	b := c.img.Bounds()
	x0, x1 = max(x0, 0), min(x1, b.Dx())
	if y < 0 || y >= b.Dy() || x0 >= x1 {
		return
	}
	line := c.img.Pix[c.img.PixOffset(x0, y) : c.img.PixOffset(x1-1, y)+4]
	if col.A == 255 {
		done := copy(line, []byte{col.R, col.G, col.B, 255})
		for done < len(line) {
			done += copy(line[done:], line[:done])
		}
		return
	}
	for ; len(line) > 0; line = line[4:] {
		blend(line, col)
	}
}

// blend lays a colour over one pixel.
func blend(pixel []uint8, col color.NRGBA) {
	a := int(col.A)
	for i, v := range [3]uint8{col.R, col.G, col.B} {
		pixel[i] = uint8((int(v)*a + int(pixel[i])*(255-a)) / 255)
	}
	pixel[3] = 255
}

// gradient fills from height y0 to y1 with colours that go from top to bottom.
func (c *canvas) gradient(y0, y1 float64, top, bottom color.NRGBA) {
	from, to := int(y0*c.scale), int(y1*c.scale)
	for y := from; y < to; y++ {
		c.row(y, 0, c.img.Bounds().Dx(), mix(top, bottom, float64(y-from)/float64(to-from)))
	}
}

// below fills everything under the line y = f(x).
func (c *canvas) below(col color.NRGBA, f func(x float64) float64) {
	b := c.img.Bounds()
	heights := make([]int, b.Dx())
	for x := range heights {
		heights[x] = int(f(float64(x)/c.scale) * c.scale)
	}
	low := slices.Max(heights)
	for y := slices.Min(heights); y < min(low, b.Dy()); y++ {
		for x := 0; x < len(heights); x++ {
			from := x
			for x < len(heights) && heights[x] <= y {
				x++
			}
			c.row(y, from, x, col)
		}
	}
	for y := low; y < b.Dy(); y++ {
		c.row(y, 0, b.Dx(), col)
	}
}

// polygon fills a closed shape.
func (c *canvas) polygon(col color.NRGBA, points ...point) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range points {
		low, high = min(low, p.y), max(high, p.y)
	}
	for y := int(low * c.scale); y <= int(high*c.scale); y++ {
		middle := (float64(y) + 0.5) / c.scale
		var crossings []float64
		for i, p := range points {
			q := points[(i+1)%len(points)]
			if (p.y <= middle) != (q.y <= middle) {
				crossings = append(crossings, p.x+(middle-p.y)/(q.y-p.y)*(q.x-p.x))
			}
		}
		slices.Sort(crossings)
		for i := 0; i+1 < len(crossings); i += 2 {
			c.row(y, int(crossings[i]*c.scale+0.5), int(crossings[i+1]*c.scale+0.5), col)
		}
	}
}

func (c *canvas) rect(col color.NRGBA, x, y, w, h float64) {
	c.polygon(col, point{x, y}, point{x + w, y}, point{x + w, y + h}, point{x, y + h})
}

func (c *canvas) ellipse(col color.NRGBA, x, y, rx, ry float64) {
	for row := int((y - ry) * c.scale); row <= int((y+ry)*c.scale); row++ {
		d := ((float64(row)+0.5)/c.scale - y) / ry
		if d*d < 1 {
			half := rx * math.Sqrt(1-d*d)
			c.row(row, int((x-half)*c.scale+0.5), int((x+half)*c.scale+0.5), col)
		}
	}
}

func (c *canvas) disc(col color.NRGBA, x, y, r float64) { c.ellipse(col, x, y, r, r) }

// glow is light that fades with the distance from its middle.
func (c *canvas) glow(col color.NRGBA, x, y, r float64) {
	b := c.img.Bounds()
	for py := max(0, int((y-r)*c.scale)); py < min(b.Dy(), int((y+r)*c.scale)); py++ {
		for px := max(0, int((x-r)*c.scale)); px < min(b.Dx(), int((x+r)*c.scale)); px++ {
			d := math.Hypot(float64(px)/c.scale-x, float64(py)/c.scale-y) / r
			if d < 1 {
				blend(c.img.Pix[c.img.PixOffset(px, py):], alpha(col, (1-d)*(1-d)))
			}
		}
	}
}

// line is a stroke of a width.
func (c *canvas) line(col color.NRGBA, width float64, from, to point) {
	length := math.Hypot(to.x-from.x, to.y-from.y)
	nx, ny := (from.y-to.y)/length*width/2, (to.x-from.x)/length*width/2
	c.polygon(col, point{from.x + nx, from.y + ny}, point{to.x + nx, to.y + ny},
		point{to.x - nx, to.y - ny}, point{from.x - nx, from.y - ny})
}

func mix(a, b color.NRGBA, t float64) color.NRGBA {
	of := func(a, b uint8) uint8 { return uint8(float64(a) + (float64(b)-float64(a))*t) }
	return color.NRGBA{of(a.R, b.R), of(a.G, b.G), of(a.B, b.B), of(a.A, b.A)}
}

// alpha returns the colour at that part of its opacity.
func alpha(c color.NRGBA, part float64) color.NRGBA {
	c.A = uint8(float64(c.A) * part)
	return c
}

// rgb is an opaque colour as 0xRRGGBB.
func rgb(v uint32) color.NRGBA { return color.NRGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255} }
