package demo

import (
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
)

// Pictures for articles: wide enough for a phone held sideways, small enough for a slow Wi-Fi.
const sceneWidth = 960 // pixels

// light is the time of day that a scene is drawn in.
type light struct {
	top, bottom    color.NRGBA // of the sky
	sun            color.NRGBA
	far, mid, near color.NRGBA // of the land
	deep           color.NRGBA // of the sea
	window         color.NRGBA
	night          bool
}

var (
	dawn = light{rgb(0x6F8FA8), rgb(0xF6D9B8), rgb(0xFFF3D6), rgb(0x9DB0A8), rgb(0x5F8577), rgb(0x2A6558), rgb(0x6FA3A8), rgb(0x38474A), false}
	noon = light{rgb(0x5FA3C7), rgb(0xE3F0EE), rgb(0xFFFDF2), rgb(0x9CC3B0), rgb(0x5E9A76), rgb(0x3C7A4E), rgb(0x3F8FA0), rgb(0x2E3B40), false}
	dusk = light{rgb(0x3C4F76), rgb(0xF0916A), rgb(0xFFE0A3), rgb(0x7D6C86), rgb(0x54506B), rgb(0x2C3440), rgb(0x5D5D7E), rgb(0xFFD37A), false}
	dark = light{rgb(0x0C1220), rgb(0x2B3A55), rgb(0xF1EEDD), rgb(0x26344A), rgb(0x1B2738), rgb(0x111A26), rgb(0x182A40), rgb(0xFFC861), true}
)

// scenes are the pictures that an article may ask for by name.
var scenes = map[string]func(*painter){
	"sea":     (*painter).sea,
	"harbour": (*painter).harbour,
	"hills":   (*painter).hills,
	"field":   (*painter).field,
	"village": (*painter).village,
	"school":  (*painter).school,
	"goat":    (*painter).goat,
	"lamp":    (*painter).lamp,
}

// painter draws one scene; the same seed draws the same one.
type painter struct {
	*canvas
	rng *rand.Rand
	light
}

// drawScene draws a scene by name, 16:9 and so many pixels wide; seed makes each article's its own.
func drawScene(name, seed string, width int) (image.Image, error) {
	draw, ok := scenes[name]
	if !ok {
		return nil, fmt.Errorf("no scene is called %q", name)
	}
	h := fnv.New64a()
	h.Write([]byte(name + seed))
	p := &painter{canvas: newCanvas(width, width*9/16), rng: rand.New(rand.NewPCG(h.Sum64(), 1))}
	p.light = []light{dawn, noon, dusk}[p.rng.IntN(3)]
	if name == "lamp" {
		p.light = dark
	}
	draw(p)
	return p.picture(), nil
}

// between is a random number from a to b.
func (p *painter) between(a, b float64) float64 { return a + p.rng.Float64()*(b-a) }

// sky draws what is above everything, and returns where the sun or moon stands.
func (p *painter) sky() (sunX float64) {
	p.gradient(0, 9, p.top, p.bottom)
	sunX = p.between(3, 13)
	y := p.between(1.6, 3.4)
	if p.night {
		for range 90 {
			p.disc(alpha(p.sun, p.between(0.3, 0.9)), p.between(0, 16), p.between(0, 5), p.between(0.012, 0.035))
		}
		y = 1.5
	}
	p.glow(alpha(p.sun, 0.7), sunX, y, 2.6)
	p.disc(p.sun, sunX, y, 0.55)
	if !p.night {
		for range 3 {
			x, cy := p.between(0, 16), p.between(0.8, 3)
			for range 5 {
				p.ellipse(alpha(rgb(0xFFFFFF), 0.25), x+p.between(-1, 1), cy+p.between(-0.12, 0.12), p.between(0.6, 1.4), 0.18)
			}
		}
	}
	return sunX
}

// ridge fills the land under a line of hills around a height.
func (p *painter) ridge(col color.NRGBA, height, rough float64) {
	a, b, c := p.between(0, 6), p.between(0, 6), p.between(0, 6)
	p.below(col, func(x float64) float64 {
		return height - rough*(math.Sin(x*0.45+a)+0.5*math.Sin(x*1.1+b)+0.2*math.Sin(x*2.7+c))
	})
}

func (p *painter) hills() {
	p.sky()
	p.ridge(mix(p.far, p.bottom, 0.4), 4.6, 0.6)
	p.ridge(p.far, 5.4, 0.5)
	p.ridge(mix(p.far, p.mid, 0.7), 6.3, 0.4)
	p.ridge(p.near, 7.6, 0.35)
	for range 14 {
		p.tree(p.between(0, 16), p.between(7.6, 8.8), p.between(0.25, 0.5))
	}
}

func (p *painter) tree(x, y, size float64) {
	p.rect(mix(p.near, rgb(0x3A2A1E), 0.7), x-size*0.08, y-size*0.2, size*0.16, size*0.9)
	p.ellipse(mix(p.near, rgb(0x10201A), 0.35), x, y-size*0.7, size*0.55, size*0.8)
}

func (p *painter) field() {
	p.sky()
	p.ridge(p.far, 4.6, 0.5)
	p.ridge(p.mid, 5.4, 0.3)
	gold := mix(rgb(0xE0B354), p.mid, 0.15)
	for i := range 9 { // terraces, each lower and nearer than the one before
		y, phase := 5.7+float64(i*i)*0.045+float64(i)*0.12, p.between(-0.3, 0.3)
		col := gold
		if i%2 == 1 {
			col = mix(gold, p.near, 0.55)
		}
		p.below(col, func(x float64) float64 { return y + 0.25*math.Sin(x*0.5+phase) })
	}
	for range 5 {
		x, y := p.between(1, 15), p.between(7.2, 8.6)
		p.polygon(mix(gold, rgb(0x7A5A1E), 0.5), point{x - 0.3, y}, point{x + 0.3, y}, point{x + 0.12, y - 0.8}, point{x - 0.12, y - 0.8})
	}
}

func (p *painter) water(from, sunX float64) {
	p.gradient(from, 9, mix(p.deep, p.bottom, 0.45), mix(p.deep, rgb(0x0C1A22), 0.35))
	for i := range 60 {
		y := from + 0.06 + float64(i)*(9-from)/60
		wide := 0.2 + (y-from)*0.35
		p.ellipse(alpha(p.sun, 0.35), sunX+p.between(-wide, wide), y, p.between(0.15, 0.5), 0.025)
		p.ellipse(alpha(rgb(0xFFFFFF), 0.12), p.between(0, 16), y, p.between(0.3, 0.9), 0.02)
	}
}

func (p *painter) boat(x, y, size float64, sail color.NRGBA) {
	hull := mix(p.near, rgb(0x201510), 0.5)
	p.polygon(hull, point{x - size, y}, point{x + size, y}, point{x + size*0.65, y + size*0.4}, point{x - size*0.7, y + size*0.4})
	p.rect(hull, x-0.02*size, y-1.7*size, 0.06*size, 1.7*size)
	p.polygon(sail, point{x + 0.1*size, y - 1.6*size}, point{x + 0.1*size, y - 0.15*size}, point{x + 0.9*size, y - 0.2*size})
	p.polygon(mix(sail, p.bottom, 0.3), point{x - 0.1*size, y - 1.4*size}, point{x - 0.1*size, y - 0.15*size}, point{x - 0.7*size, y - 0.2*size})
}

func (p *painter) sea() {
	sunX := p.sky()
	p.ridge(mix(p.far, p.bottom, 0.3), 5, 0.3)
	p.water(5.2, sunX)
	for i := range 3 {
		y := 5.7 + float64(i)*0.9
		p.boat(p.between(1.5, 14.5), y, 0.35+float64(i)*0.22, []color.NRGBA{rgb(0xFAF7F0), rgb(0xB23F1A), rgb(0xFAF7F0)}[i])
	}
}

func (p *painter) harbour() {
	sunX := p.sky()
	p.ridge(p.far, 4.8, 0.4)
	for i := range 5 {
		p.house(1+float64(i)*1.1, 5.2, 0.42)
	}
	p.water(5.2, sunX)
	p.boat(5.2, 6.4, 0.6, rgb(0xFAF7F0))
	p.boat(12.4, 5.9, 0.4, rgb(0xB23F1A))
	stone := mix(p.near, rgb(0x2A2622), 0.4)
	p.polygon(stone, point{7, 9}, point{16, 9}, point{16, 7.4}, point{8.6, 7.4})
	p.polygon(mix(stone, p.bottom, 0.25), point{8.6, 7.4}, point{16, 7.4}, point{16, 7.2}, point{8.9, 7.2})
	for i := range 6 {
		p.rect(stone, 9.2+float64(i)*1.3, 6.9, 0.16, 0.5)
	}
	p.lampPost(14.6, 7.2, 2.6)
}

func (p *painter) lampPost(x, foot, height float64) {
	iron := mix(p.near, rgb(0x101010), 0.6)
	p.rect(iron, x-0.05, foot-height, 0.1, height)
	p.glow(alpha(rgb(0xFFD37A), 0.85), x, foot-height, 1.5)
	p.disc(rgb(0xFFE9B5), x, foot-height, 0.2)
	p.polygon(iron, point{x - 0.28, foot - height - 0.18}, point{x + 0.28, foot - height - 0.18}, point{x, foot - height - 0.42})
}

func (p *painter) house(x, foot, size float64) {
	wall := mix([]color.NRGBA{rgb(0xFAF7F0), rgb(0xE9DCC3), rgb(0xD7E2DC)}[p.rng.IntN(3)], p.near, 0.15)
	roof := mix([]color.NRGBA{rgb(0xB23F1A), rgb(0x5A615C), rgb(0x2A6558)}[p.rng.IntN(3)], p.near, 0.2)
	if p.night {
		wall, roof = mix(wall, p.near, 0.7), mix(roof, p.near, 0.7)
	}
	p.rect(wall, x-size, foot-size*1.1, size*2, size*1.1)
	p.polygon(roof, point{x - size*1.25, foot - size*1.05}, point{x + size*1.25, foot - size*1.05},
		point{x + size*0.7, foot - size*1.8}, point{x - size*0.7, foot - size*1.8})
	p.rect(mix(roof, rgb(0x201510), 0.4), x-size*0.18, foot-size*0.65, size*0.36, size*0.65)
	for _, dx := range []float64{-0.65, 0.4} {
		p.rect(p.window, x+dx*size, foot-size*0.75, size*0.28, size*0.32)
	}
}

func (p *painter) village() {
	p.sky()
	p.ridge(p.far, 4.6, 0.5)
	p.ridge(p.mid, 5.6, 0.3)
	for row := range 3 {
		foot, size := 6.2+float64(row)*1.1, 0.45+float64(row)*0.16
		for x := p.between(0.3, 1.2); x < 16; x += size * p.between(3, 4.6) {
			p.house(x, foot+p.between(-0.1, 0.15), size)
			if p.rng.IntN(2) == 0 {
				p.tree(x+size*1.9, foot, size)
			}
		}
		p.below(alpha(mix(p.near, p.mid, 0.5), 0.55), func(float64) float64 { return foot + 0.18 })
	}
}

func (p *painter) school() {
	p.sky()
	p.ridge(p.far, 4.8, 0.5)
	p.ridge(p.near, 7, 0.12)
	wall := mix(rgb(0xF3E7D2), p.near, 0.1)
	p.rect(wall, 3.4, 4.9, 8.6, 2.5)
	p.polygon(mix(rgb(0xB23F1A), p.near, 0.15), point{3, 4.95}, point{12.4, 4.95}, point{11.6, 3.7}, point{3.8, 3.7})
	for i := range 5 { // the panels
		x := 4.5 + float64(i)*1.35
		p.polygon(rgb(0x22384F), point{x, 4.7}, point{x + 1.1, 4.7}, point{x + 1, 3.95}, point{x + 0.1, 3.95})
		p.line(rgb(0x7FA6C4), 0.03, point{x + 0.05, 4.32}, point{x + 1.05, 4.32})
	}
	for i := range 6 {
		x := 3.9 + float64(i)*1.35
		if i == 3 {
			p.rect(mix(rgb(0x2A6558), p.near, 0.2), x, 5.9, 0.8, 1.5)
			continue
		}
		p.rect(p.window, x, 5.5, 0.8, 0.9)
	}
	p.line(mix(p.near, rgb(0x101010), 0.4), 0.07, point{13.6, 7.4}, point{13.6, 3})
	p.polygon(rgb(0xB23F1A), point{13.6, 3}, point{15, 3.25}, point{13.6, 3.7})
	p.below(mix(rgb(0xD8C39A), p.near, 0.35), func(x float64) float64 { return 7.4 + 0.05*math.Sin(x) })
}

func (p *painter) goat() {
	p.sky()
	p.ridge(p.far, 5.2, 0.5)
	p.ridge(p.near, 7.2, 0.3)
	x, y, white := 8+p.between(-2, 2), 5.9, rgb(0xFBF8F1)
	shade := mix(white, p.near, 0.25)
	for _, dx := range []float64{-0.85, -0.5, 0.45, 0.8} {
		p.rect(shade, x+dx, y+0.3, 0.17, 1.35)
	}
	p.ellipse(white, x, y, 1.25, 0.68)
	p.polygon(white, point{x + 0.7, y - 0.3}, point{x + 1.2, y + 0.2}, point{x + 1.75, y - 1}, point{x + 1.3, y - 1.2})
	p.ellipse(white, x+1.75, y-1.15, 0.5, 0.3)
	p.ellipse(shade, x+1.25, y-1.3, 0.3, 0.12)
	for _, dx := range []float64{1.5, 1.7} {
		p.line(mix(p.near, rgb(0x3A2A1E), 0.6), 0.09, point{x + dx, y - 1.35}, point{x + dx - 0.35, y - 2})
	}
	p.disc(rgb(0x1F2421), x+1.85, y-1.22, 0.06)
	p.polygon(shade, point{x + 1.95, y - 0.9}, point{x + 2.15, y - 0.9}, point{x + 2, y - 0.45})
	p.polygon(white, point{x - 1.15, y - 0.3}, point{x - 1.1, y + 0.05}, point{x - 1.6, y - 0.5})
	for range 30 {
		gx, gy := p.between(0, 16), p.between(7.5, 9)
		p.line(mix(p.near, p.mid, 0.5), 0.04, point{gx, gy}, point{gx + p.between(-0.1, 0.1), gy - 0.35})
	}
}

func (p *painter) lamp() {
	sunX := p.sky()
	p.ridge(p.far, 5, 0.4)
	p.water(5.4, sunX)
	for range 7 {
		x := p.between(0.5, 15.5)
		p.disc(alpha(p.window, 0.9), x, p.between(4.7, 5.3), 0.05)
	}
	p.polygon(p.near, point{0, 9}, point{16, 9}, point{16, 8}, point{0, 7.6})
	x := p.between(4, 12)
	p.glow(alpha(p.window, 0.5), x, 7.9, 2.2)
	p.lampPost(x, 8, 3.4)
}
