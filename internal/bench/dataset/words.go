package dataset

import (
	"math/rand/v2"
	"strings"
)

// vocabulary is made-up words of one script, the frequent ones first. Real text repeats few words often and most words
// hardly ever (Zipf's law); compression and search see the same here.
type vocabulary struct {
	language string
	words    []string
}

const vocabularySize = 6000

// The syllables that words are made of: Latin, Hangul and Arabic letters.
var syllables = [...]struct{ language, parts string }{
	{"en", "ba be bi bo bra cal cen da de den di do el en er fa fi fo ga ge gran ha he hi in is ka ke ki la le li " +
		"lo ma me mi mo na ne ni no or pa pe pi po ra re ri ro sa se si so sta ta te ti to tra un va ve vi wa we yo za"},
	{"ko", "가 강 고 구 그 기 나 남 내 노 는 니 다 단 달 대 도 동 두 들 라 로 리 마 면 명 모 무 문 물 바 방 배 보 부 비 사 산 상 새 서 " +
		"선 소 수 시 아 안 어 에 여 연 오 와 우 원 유 은 을 의 이 인 일 자 장 전 정 제 조 주 지 집 차 천 하 한 해 화"},
	{"ar", "ال با بر بي تا تي جا جم حا حر خا دا در را رس سا سم شا شم صا طا عا عل غر فا في قا قر كا " +
		"كت لا لم ما مد مر نا نو ها هم وا ور يا"},
}

func vocabularies() []vocabulary {
	random := rand.New(rand.NewPCG(version, 0))
	var all []vocabulary
	for _, script := range syllables {
		parts := strings.Fields(script.parts)
		v := vocabulary{language: script.language, words: make([]string, vocabularySize)}
		for i := range v.words {
			var word strings.Builder
			for range 1 + random.IntN(2) + random.IntN(2) {
				word.WriteString(parts[random.IntN(len(parts))])
			}
			v.words[i] = word.String()
		}
		all = append(all, v)
	}
	return all
}

// text returns words of one script, about size bytes in all, in sentences and, where long, paragraphs.
func (v vocabulary) text(random *rand.Rand, size int) string {
	frequency := rand.NewZipf(random, 1.1, 8, vocabularySize-1)
	var b strings.Builder
	sentence, paragraph := 5+random.IntN(15), 40+random.IntN(60)
	for b.Len() < size {
		b.WriteString(v.words[frequency.Uint64()])
		sentence--
		paragraph--
		switch {
		case paragraph <= 0:
			b.WriteString(".\n\n")
			sentence, paragraph = 5+random.IntN(15), 40+random.IntN(60)
		case sentence <= 0:
			b.WriteString(". ")
			sentence = 5 + random.IntN(15)
		default:
			b.WriteByte(' ')
		}
	}
	return strings.TrimRight(b.String(), " .\n")
}
