package publication

import "strings"

// A Markdown parser's work grows with the square of some inputs: marks of quotes and lists nested in one another,
// emphasis or brackets that never close within one paragraph, and rows of a wide table, which are filled up with empty
// cells. No text that a person writes comes near these bounds.
const (
	maxNesting = 24    // container marks at the beginning of a line
	maxMarks   = 2000  // emphasis and bracket marks between two blank lines
	maxPadding = 20000 // cells that rows of tables lack, over the whole text
)

// tame keeps a text within those bounds: marks nested too deep are left out, and a paragraph or a table that has too
// much is divided.
func tame(source string) string {
	var b strings.Builder
	b.Grow(len(source))
	marks, columns, padding := 0, 0, 0
	for line := range strings.Lines(source) {
		line = cutNesting(line)
		pipes := strings.Count(line, "|")
		switch {
		case strings.TrimSpace(line) == "":
			marks, columns = 0, 0
		case isDelimiterRow(line):
			if columns = pipes + 1; padding > maxPadding {
				line = strings.ReplaceAll(line, "|", " ")
			}
		default:
			if padding += max(0, columns-1-pipes); padding > maxPadding && columns > 0 {
				b.WriteByte('\n')
				columns = 0
			}
		}
		start := 0
		for i := range len(line) {
			switch line[i] {
			case '*', '_', '~', '[', ']', '!', '`', '<', '|':
				marks++
			}
			if marks > maxMarks {
				b.WriteString(line[start:i])
				b.WriteString("\n\n")
				start, marks = i, 0
			}
		}
		b.WriteString(line[start:])
	}
	return b.String()
}

// cutNesting takes out the container marks beyond maxNesting with which a line begins.
func cutNesting(line string) string {
	marks, i := 0, 0
	for ; i < len(line); i++ {
		switch c := line[i]; {
		case c == '>' || c == '+' || c == '-' || c == '*' || c == '.' || c == ')':
			if marks++; marks > maxNesting {
				end := i
				for end < len(line) && strings.IndexByte(" \t>+-*.)0123456789", line[end]) >= 0 {
					end++
				}
				if isRule(line[:end]) && strings.TrimSpace(line[end:]) == "" {
					return line // a long thematic break or underline
				}
				return line[:i] + line[end:]
			}
		case c == ' ' || c == '\t' || c >= '0' && c <= '9':
		default:
			return line
		}
	}
	return line
}

// isRule reports one mark repeated, as in "-----" or "* * *": that is no nesting.
func isRule(s string) bool {
	s = strings.NewReplacer(" ", "", "\t", "").Replace(s)
	return s != "" && strings.Trim(s, s[:1]) == "" && s[0] != '>' && s[0] != '+'
}

// isDelimiterRow reports the row between a table's head and its body.
func isDelimiterRow(line string) bool {
	return strings.Contains(line, "|") && strings.Contains(line, "-") && strings.Trim(line, "|-:> \t\r\n") == ""
}
