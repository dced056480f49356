package demo

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"
)

const avatarSize = 192 // pixels

// motifs are what an avatar may show, in paper on its colour. The canvas is 9 units wide and high.
var motifs = map[string]func(c *canvas, paper, colour color.NRGBA){
	"lamp": func(c *canvas, paper, _ color.NRGBA) {
		c.glow(alpha(paper, 0.6), 4.5, 4, 3.6)
		c.polygon(paper, point{3.2, 3}, point{5.8, 3}, point{5.2, 5.6}, point{3.8, 5.6})
		c.rect(paper, 3.6, 5.9, 1.8, 0.5)
		c.polygon(paper, point{3.6, 2.7}, point{5.4, 2.7}, point{4.5, 1.8})
	},
	"waves": func(c *canvas, paper, colour color.NRGBA) {
		for i := range 4 {
			y := 3 + float64(i)*1.5
			c.below(mix(colour, paper, 0.2+0.2*float64(i)), func(x float64) float64 { return y + 0.35*math.Sin(x*1.6+float64(i)) })
		}
	},
	"stars": func(c *canvas, paper, _ color.NRGBA) {
		for _, s := range []struct{ x, y, r float64 }{{4.5, 3.6, 1.8}, {2.2, 6.3, 0.9}, {6.9, 6.5, 1.1}} {
			c.polygon(paper, star(s.x, s.y, s.r, 8)...)
		}
	},
	"boat": func(c *canvas, paper, colour color.NRGBA) {
		c.polygon(paper, point{4.7, 1.4}, point{4.7, 5}, point{7.2, 5})
		c.polygon(mix(paper, colour, 0.3), point{4.3, 2}, point{4.3, 5}, point{2.4, 5})
		c.polygon(paper, point{1.6, 5.4}, point{7.6, 5.4}, point{6.4, 7}, point{2.6, 7})
	},
	"squares": func(c *canvas, paper, colour color.NRGBA) {
		for i := range 9 {
			c.rect(mix(paper, colour, float64(i%3)*0.25), 1.8+float64(i%3)*1.9, 1.8+float64(i/3)*1.9, 1.6, 1.6)
		}
	},
	"hill": func(c *canvas, paper, colour color.NRGBA) {
		c.disc(paper, 6.2, 2.9, 1.1)
		c.ellipse(mix(paper, colour, 0.45), 2.5, 9.5, 4.5, 4.2)
		c.ellipse(mix(paper, colour, 0.2), 7, 10, 4.5, 3.8)
	},
	"sun": func(c *canvas, paper, _ color.NRGBA) {
		c.polygon(paper, star(4.5, 4.5, 3.4, 24)...)
	},
	"cross": func(c *canvas, paper, _ color.NRGBA) {
		c.rect(paper, 3.6, 1.8, 1.8, 5.4)
		c.rect(paper, 1.8, 3.6, 5.4, 1.8)
	},
	"stripes": func(c *canvas, paper, colour color.NRGBA) {
		for i := range 6 {
			c.rect(mix(paper, colour, float64(i%2)*0.6), 1.2+float64(i)*1.1, 2.4, 1.1, 1.6)
			c.disc(mix(paper, colour, float64(i%2)*0.6), 1.75+float64(i)*1.1, 4, 0.55)
		}
		c.rect(mix(paper, colour, 0.2), 2, 5, 5, 2.4)
	},
	"leaf": func(c *canvas, paper, colour color.NRGBA) {
		for i := range 5 {
			y := 2.4 + float64(i)*1.05
			c.ellipse(paper, 3.3, y, 1, 0.4)
			c.ellipse(paper, 5.7, y, 1, 0.4)
		}
		c.line(mix(paper, colour, 0.25), 0.25, point{4.5, 1.4}, point{4.5, 8})
	},
	"rings": func(c *canvas, paper, colour color.NRGBA) {
		for _, x := range []float64{3.4, 5.6} {
			c.disc(paper, x, 4.5, 2)
			c.disc(colour, x, 4.5, 1.5)
		}
		c.ellipse(paper, 4.5, 4.5, 0.2, 1.1)
	},
	"loaf": func(c *canvas, paper, colour color.NRGBA) {
		c.ellipse(paper, 4.5, 4.8, 3.2, 2)
		for _, x := range []float64{3, 4.5, 6} {
			c.line(mix(colour, paper, 0.25), 0.3, point{x - 0.4, 5.6}, point{x + 0.4, 3.8})
		}
	},
}

// star is a shape with so many points, every second one near the middle.
func star(x, y, r float64, corners int) (points []point) {
	for i := range corners {
		angle, radius := 2*math.Pi*float64(i)/float64(corners)-math.Pi/2, r
		if i%2 == 1 {
			radius = r * 0.55
		}
		points = append(points, point{x + radius*math.Cos(angle), y + radius*math.Sin(angle)})
	}
	return points
}

// drawAvatar draws a motif in paper on a colour, as "#RRGGBB".
func drawAvatar(motif, colour string) (image.Image, error) {
	draw, ok := motifs[motif]
	if !ok {
		return nil, fmt.Errorf("no motif is called %q", motif)
	}
	if len(colour) != 7 || colour[0] != '#' {
		return nil, fmt.Errorf("%q is not a colour", colour)
	}
	v, err := strconv.ParseUint(colour[1:], 16, 32)
	if err != nil {
		return nil, fmt.Errorf("%q is not a colour", colour)
	}
	c := newCanvas(avatarSize, avatarSize)
	c.gradient(0, 9, mix(rgb(uint32(v)), rgb(0xFFFFFF), 0.08), rgb(uint32(v)))
	draw(c, rgb(0xFAF7F0), rgb(uint32(v)))
	return c.picture(), nil
}
