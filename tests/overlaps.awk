# overlaps.awk: of a chart as gnuplot's SVG, each text that is written over another or over a point. Says
# nothing of a chart that can be read. A text's width is estimated: 0.56 of its size a letter.
#
# Usage: awk -f tests/overlaps.awk CHART.svg…

FNR == 1 { report(); texts = points = 0 }

/<g transform="translate\(/ {
    split($0, part, /[(,)]/)
    x = part[2]
    y = part[3]
    turned = /rotate/
    size = $0
    sub(/.*font-size="/, "", size)
    size += 0
    anchor = /text-anchor="middle"/ ? 0.5 : /text-anchor="end"/ ? 1 : 0
}

/<text[ >]/ {
    word = $0
    gsub(/<[^>]*>|^[ \t]+/, "", word)
    gsub(/&[a-z]+;/, "x", word)
    if (word == "" || turned)
        next
    wide = 0.56 * size * length(word)
    text[++texts] = word
    from[texts] = x - anchor * wide
    to[texts] = from[texts] + wide
    top[texts] = y - 0.6 * size
    bottom[texts] = y
}

/<use xlink:href=.#gpPt/ {
    split($0, part, /translate\(/)
    split(part[2], part, /[,)]/)
    across[++points] = part[1]
    down[points] = part[2]
}

END { report() }

function report(    i, k) {
    for (i = 1; i <= texts; i++) {
        for (k = i + 1; k <= texts; k++)
            if (from[i] < to[k] && from[k] < to[i] && top[i] < bottom[k] && top[k] < bottom[i])
                print name ": \"" text[i] "\" is over \"" text[k] "\""
        for (k = 1; k <= points; k++)
            if (across[k] > from[i] - 14 && across[k] < to[i] + 14 && down[k] > top[i] - 14 && down[k] < bottom[i] + 14)
                print name ": \"" text[i] "\" is over a point"
    }
    name = FILENAME
}
