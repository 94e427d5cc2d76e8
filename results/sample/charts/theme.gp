# theme.gp: how every chart of waitbench looks. Loaded first by each NAME.gp, and nowhere else are
# colours, type sizes, terminals and the page's frame defined.
#
# A chart sets `chart` (its name) and `here` (its folder, with a slash), loads this file, reads its data,
# sets `question` and `note`, and then draws:   eval page
#
# What a caller may set with `gnuplot -e "…"`, all optional:
#   data      the CSV to draw            ../data/NAME.csv beside the chart's folder
#   results   a result's folder          data is then RESULTS/data/NAME.csv
#   output    the file to write          NAME.svg in the chart's folder (NAME-dark.svg in the dark theme)
#   theme     light | dark               light
#   format    svg | png | pdf            the output's ending, else svg
#   language  en | es | pt               the environment's CHART_LANG, else en
#   subtitle  under the title, before the words for the placement   nothing
#   placement apart | together | real    apart; where client and server ran (the title says it)
#   caption   what the chart does not say, in place of the words for the placement
#   noise_floor  a fraction, 0.021       drawn where the chart compares models
# A file NAME.settings.gp beside the chart (or the one that `settings` names) may set the same, each as
# `if (!exists('subtitle')) { subtitle = '…' }`, so that what -e says goes before it.
#
# Every text that comes from data is drawn `noenhanced`, or goes through literal(): a model or a
# subtitle with _ ^ { } in it is printed as it stands.
#
# Needs gnuplot 5.4 or newer with the cairo terminals (Debian: gnuplot-nox). PNG and PDF are set in
# DejaVu Sans (Debian: fonts-dejavu-core, which gnuplot-nox brings along); SVG asks for `sans-serif`.

set encoding utf8

# Small functions on text. ---------------------------------------------------

# s with every a in it replaced by b.
replace(s, a, b) = (strstrt(s, a) == 0 ? s \
    : substr(s, 1, strstrt(s, a) - 1) . b \
      . replace(substr(s, strstrt(s, a) + strlen(a), strlen(s)), a, b))
# s as one word of a shell command.
quoted(s) = "'" . replace(s, "'", "'\\''") . "'"
# s for an enhanced text, to be printed as it stands.
lit_1(s) = replace(replace(replace(s, '\', '\\'), '{', '\{'), '}', '\}')
lit_2(s) = replace(replace(replace(s, '_', '\_'), '^', '\^'), '@', '\@')
literal(s) = replace(replace(lit_2(lit_1(s)), '&', '\&'), '~', '\~')
bold(s) = '{/:Bold ' . literal(s) . '}'
# s in lines of at most `width` characters. (An apostrophe would begin a quoted word.)
wrap_on(s, i, at, width) = (i > words(s) ? '' \
    : at > 0 && at + 1 + strlen(word(s, i)) > width \
        ? "\n" . word(s, i) . wrap_on(s, i + 1, strlen(word(s, i)), width) \
        : (at > 0 ? ' ' : '') . word(s, i) \
          . wrap_on(s, i + 1, at + (at > 0 ? 1 : 0) + strlen(word(s, i)), width))
wrap(s, width) = wrap_on(replace(replace(s, "'", '’'), '"', '”'), 1, 0, width)

# What the caller did not say. -----------------------------------------------

if (!exists('settings')) { settings = here . chart . '.settings.gp' }
# Each question to the system starts a shell: this one asks for the settings and the language.
asked = system('test -f ' . quoted(settings) . ' && echo 1 || echo 0; printf %s "${CHART_LANG:-en}"')
if (asked[1:1] eq '1') { load settings }
if (!exists('theme')) { theme = 'light' }
if (!exists('format')) {
    format = 'svg'
    if (exists('output')) { if (strlen(output) > 4) { format = output[strlen(output) - 2:] } }
}
if (!exists('data')) { data = (exists('results') ? results . '/data/' : here . '../data/') . chart . '.csv' }
if (!exists('output')) { output = here . chart . (theme eq 'dark' ? '-dark.' : '.') . format }
if (!exists('language')) { language = asked[3:] }
if (!exists('placement')) { placement = 'apart' }
if (!exists('noise_floor')) { noise_floor = NaN }
if (theme ne 'light' && theme ne 'dark') {
    print chart . ': theme is light or dark, not "' . theme . '"'; exit status 2
}
if (format ne 'svg' && format ne 'png' && format ne 'pdf') {
    print chart . ': format is svg, png or pdf, not "' . format . '"'; exit status 2
}
if (language ne 'en' && language ne 'es' && language ne 'pt') {
    print chart . ': CHART_LANG is en, es or pt, not "' . language . '"'; exit status 2
}
if (placement ne 'apart' && placement ne 'together' && placement ne 'real') {
    print chart . ': placement is apart, together or real, not "' . placement . '"'; exit status 2
}
load here . 'words.gp'

# Colours. --------------------------------------------------------------------

# One colour a model, in every chart and both themes (Okabe and Ito, Color Universal Design, 2008).
# A lane named after a model, such as async-poll or threads#2, takes the model's colour.
starts(s, with) = (s[1:strlen(with)] eq with)
known = 'sequential processes threads async hybrid coroutines'
base(m) = starts(m, 'sequential') ? 'sequential' : starts(m, 'processes') ? 'processes' \
    : starts(m, 'threads') ? 'threads' : starts(m, 'async') ? 'async' \
    : starts(m, 'hybrid') ? 'hybrid' : starts(m, 'coroutines') ? 'coroutines' : ''
# The loop's backends, where a chart compares those: epoll, which async takes by itself, has async's.
plain(m) = again(m) ? m[:strstrt(m, ' (again)') - 1] : m
backend_colour(m) = plain(m) eq 'epoll' ? 0x009E73 : plain(m) eq 'select' ? 0xE69F00 : plain(m) eq 'poll' ? 0x0072B2 \
    : plain(m) eq 'uring' ? 0xD55E00 : plain(m) eq 'libuv' ? 0xCC79A7 : 0x8A8F96
colour(m) = base(m) eq 'sequential' ? 0xE69F00 \
    : base(m) eq 'processes'  ? 0x0072B2 \
    : base(m) eq 'threads'    ? 0xD55E00 \
    : base(m) eq 'async'      ? 0x009E73 \
    : base(m) eq 'hybrid'     ? 0xCC79A7 \
    : base(m) eq 'coroutines' ? 0x56B4E9 : backend_colour(m)
# Each model has a point of its own too, so that colour is never alone: filled, and the same hollow.
backend_point(m) = plain(m) eq 'epoll' ? 13 : plain(m) eq 'select' ? 5 : plain(m) eq 'poll' ? 9 \
    : plain(m) eq 'libuv' ? 11 : 7
filled(m) = base(m) eq 'sequential' ? 5 : base(m) eq 'processes' ? 9 : base(m) eq 'threads' ? 7 \
    : base(m) eq 'async' ? 13 : base(m) eq 'hybrid' ? 11 : base(m) eq 'coroutines' ? 15 : backend_point(m)
hollow(m) = filled(m) - 1
# Of one size to the eye; the terminals draw all but squares and discs differently.
point_size(m) = base(m) eq 'sequential' ? 3.4 \
    : base(m) eq 'threads' || base(m) eq '' ? 3.6 : format eq 'svg' ? 3.3 : 4.4

if (theme eq 'dark') {
    paper = 0x14171C; ink = 0xF4F4F4; soft = 0xAEB5BD; rule = 0x343B44; track = 0x20252C
} else {
    paper = 0xFFFFFF; ink = 0x16181B; soft = 0x565C63; rule = 0xD9DCE0; track = 0xEEF0F2
}
# The colour on the way from a to b: 0 is a, 1 is b.
channel(a, b, t, shift) = int(((a >> shift) & 255) * (1 - t) + ((b >> shift) & 255) * t + 0.5) << shift
mix(a, b, t) = channel(a, b, t, 16) + channel(a, b, t, 8) + channel(a, b, t, 0)
light_of(c) = 0.2126 * ((c >> 16) & 255) + 0.7152 * ((c >> 8) & 255) + 0.0722 * (c & 255)
on(c) = light_of(c) > 115 ? 0x16181B : 0xFFFFFF     # for text that stands on the colour c
pale(m) = mix(colour(m), paper, theme eq 'dark' ? 0.64 : 0.62)
deep(m) = mix(colour(m), ink, 0.55)

# Words for what data name. -------------------------------------------------------

said_base(b) = b eq 'sequential' ? w_sequential : b eq 'processes' ? w_processes : b eq 'threads' ? w_threads \
    : b eq 'async' ? w_async : b eq 'hybrid' ? w_hybrid : b eq 'coroutines' ? w_coroutines : b
rest(m) = m[strlen(base(m)) + 1:]
said(m) = m eq 'fastest-client' ? w_fastest_client \
    : base(m) eq '' ? m : said_base(base(m)) . (rest(m) eq ' (again)' ? ' ' . w_again : rest(m))
# A model that a run measures twice, under two names, shows how far noise alone goes.
again(m) = (strstrt(m, ' (again)') > 0)

# Numbers as the language writes them, three figures that count.
point(s) = w_decimal eq '.' ? s : replace(s, '.', w_decimal)
log_10(v) = v > 0 ? int(floor(log10(v) + 1e-9)) : 0
places(v) = log_10(v) >= 2 ? 0 : log_10(v) >= -1 ? 2 - log_10(v) : 3
figure_of(v) = point(sprintf(sprintf('%%.%df', places(v)), v))
grouped_whole(v) = v < 1000 ? sprintf('%.0f', v) \
    : grouped_whole(floor(v / 1000)) . w_group . sprintf('%03.0f', v - 1000 * floor(v / 1000))
grouped(v) = grouped_whole(floor(v + 0.5))
number(v) = v >= 999.5 ? grouped(v) : v == 0 ? '0' : v < 0.001 ? point(sprintf('%.1e', v)) \
    : v < 0.1 ? point(sprintf('%.3f', v)) : figure_of(v)
seconds(t) = t >= 999.5 ? grouped(t) . ' s' : t >= 0.0995 ? figure_of(t) . ' s' \
    : t >= 0.000995 ? figure_of(t * 1e3) . ' ms' : t == 0 ? '0 s' : figure_of(t * 1e6) . ' µs'
memory(kib) = kib >= 1024 * 999.5 ? figure_of(kib / 1048576.) . ' GiB' : kib >= 1024 ? figure_of(kib / 1024.) . ' MiB' \
    : abs(kib) >= 0.0995 ? figure_of(kib) . ' KiB' : kib == 0 ? '0 B' : sprintf('%.0f B', kib * 1024)
# An interval, its unit once where both ends have the same.
unit_of(text) = word(text, words(text))
interval(low, high) = unit_of(seconds(low)) eq unit_of(seconds(high)) \
    ? word(seconds(low), 1) . ' – ' . seconds(high) \
    : seconds(low) . ' – ' . seconds(high)
percent(f) = (f >= 0.0995 ? sprintf('%.0f', f * 100) : point(sprintf('%.1f', f * 100))) . ' %'
# A tick of a time axis: no more figures than it needs.
trimmed(s) = strstrt(s, '.') && (s[strlen(s):] eq '0' || s[strlen(s):] eq '.') ? trimmed(s[1:strlen(s) - 1]) : s
tick(v) = v >= 1000 ? grouped(v) : point(trimmed(sprintf('%.6f', v)))
# The step of an axis that is to have about so many ticks: 1, 2 or 5 of a decade.
up_to(rough, decade) = rough > 5 * decade ? 10 * decade : rough > 2 * decade ? 5 * decade \
    : rough > decade ? 2 * decade : decade
step_of(range, ticks) = up_to(range / ticks, 10**floor(log10(range / ticks)))
# A bound in words: one figure, rounded up.
one_up(v) = ceil(v / 10**floor(log10(v)) - 1e-6) * 10**floor(log10(v))
at_most(t) = t >= 1 ? tick(one_up(t)) . ' s' \
    : t >= 0.001 ? tick(one_up(t * 1e3)) . ' ms' : tick(one_up(t * 1e6)) . ' µs'

# Reading data. ----------------------------------------------------------------

# After `columns = '…'`:  eval open_data
# makes sure that the file is there with these columns, and sets `lines`, the number of its rows.
set datafile separator ','
set datafile columnheaders
# A line with the number of rows that are not empty, then the header; nothing where there is no file.
asked = system('test -f ' . quoted(data) . ' && exec awk ''NR == 1 { gsub(/[\r"]/, ""); header = $0; next } ' \
    . '/./ { rows++ } END { printf "%d\n%s", rows, header }'' ' . quoted(data))
lines = asked eq '' ? 0 : int(word(asked, 1))
header = asked[strstrt(asked, "\n") + 1:]
has(c) = (strstrt(',' . header . ',', ',' . c . ',') > 0)
missing_column(i) = i > words(columns) ? '' : has(word(columns, i)) ? missing_column(i + 1) : word(columns, i)
what_is_wrong(rows) = header eq '' ? 'no data in ' . data \
    : missing_column(1) ne '' ? 'no column ' . missing_column(1) . ' in ' . data \
    : rows < 1 ? 'no data in ' . data . ', only its header' : ''
open_data = "complaint = asked ne '' ? what_is_wrong(lines) : 'no such file: ' . data; " \
    . "if (complaint ne '') { print chart . ': ' . complaint; exit status 1 }"
text(c) = strcol(c)
amount(c) = (strlen(strcol(c)) == 0 ? NaN : column(c))
yes(c) = (strcol(c) eq '1' || strcol(c) eq 'true')
no(c) = has(c) && (strcol(c) eq '0' || strcol(c) eq 'false')
known_value(v) = (v == v)

# The page: 16:9, 1920 × 1080 units in every format. ------------------------------------

px(x) = x / 1920.            # a place on the page from its left, as gnuplot's screen coordinate
py(y) = 1 - y / 1080.        # a place on the page from its top
face = (format eq 'svg' ? 'sans-serif' : 'DejaVu Sans')
size_of(points) = sprintf('%s,%g', face, points)
# The most that a text may be wide: DejaVu Sans is wider than what else `sans-serif` stands for.
width_of(s, points) = 0.60 * points * strlen(s)
fitting(s, points, room) = (width_of(s, points) > room ? points * room / width_of(s, points) : points)

title_size = 54; subtitle_size = 31; label_size = 31; tick_size = 31; name_size = 38; value_size = 36
small_size = 26; caption_size = 23
page_left = 60; tick_gap = 32; axis_gap = 74   # below the plot's bottom: tick labels, axis title

# How a text is set, to be written after its place: set label 'words' at … left @NOTE. Data may stand in them.
set_in(points, shade) = sprintf("noenhanced front font '%s' textcolor rgb %d", size_of(points), shade)
TICK = set_in(tick_size, ink)              # a figure on an axis
AXIS = set_in(label_size, ink)             # an axis' title
NOTE = set_in(small_size, ink)             # a name or a figure within the picture
ASIDE = set_in(small_size, soft)           # what explains it
FINE = set_in(small_size - 2, soft)        # and what only few will look for

hex(c) = sprintf('#%06x', c)
# Every text states its size. What is left to the terminal's own is how large a point is drawn: in SVG
# that follows the font's size, and 12 makes it what the other two make of 30.
if (format eq 'svg') {
    set terminal svg size 1920,1080 dynamic enhanced \
        font ''.size_of(12) background ''.hex(paper) linewidth 1 name ''.replace(chart, '-', '_')
}
if (format eq 'png') {
    set terminal pngcairo size 1920,1080 enhanced \
        font ''.size_of(30) fontscale 0.75 pointscale 1.6 background ''.hex(paper) linewidth 1
}
if (format eq 'pdf') {
    set terminal pdfcairo size 13.333333in,7.5in enhanced \
        font ''.size_of(30) fontscale 0.375 pointscale 0.83 background ''.hex(paper) linewidth 1
}

unset key
set border 0
set tics nomirror scale 0
set style fill solid 1.0 noborder
set style rectangle fillstyle solid 1.0 noborder
set tics textcolor rgb ink font ''.size_of(tick_size) noenhanced

subtitle_words = placement eq 'apart' ? w_apart : placement eq 'together' ? w_together : w_real
caption_words = placement eq 'apart' ? w_limits_apart \
    : placement eq 'together' ? w_limits_together : w_limits_real
note = ''
# Title, subtitle and caption; opens the output, so that nothing is written before data were read.
page = "set output output; " \
    . "set label 9001 ''.bold(question) at screen px(page_left),py(66) left front " \
    . "font ''.size_of(fitting(question, title_size * 1.12, 1800) / 1.12) textcolor rgb ink; " \
    . "subtitle_line = (exists('subtitle') ? subtitle . (subtitle_words eq '' ? '' : ' · ') : '') . subtitle_words; " \
    . "set label 9002 subtitle_line at screen px(page_left),py(130) left noenhanced front " \
    . "font size_of(fitting(subtitle_line, subtitle_size, 1960)) textcolor rgb soft; " \
    . "caption_lines = wrap((note eq '' ? '' : note . ' ') . (exists('caption') ? caption : caption_words), 142); " \
    . "set label 9003 caption_lines at screen px(page_left),py(986) left noenhanced front " \
    . "font ''.size_of(caption_size) textcolor rgb soft"

# Names beside the ends of lines: after label_y[1…models] says where each would stand and `apart` how far
# from one another they must, `eval push_apart` moves them, keeps their order, and keeps them above `bottom`.
push_apart = "array order[models + 1]; do for [k = 1:models] { order[k] = k }; " \
    . "do for [a = 1:models] { do for [b = 1:models - 1] { if (label_y[order[b]] > label_y[order[b + 1]]) { " \
    . "swap = order[b]; order[b] = order[b + 1]; order[b + 1] = swap } } }; " \
    . "do for [pass = 1:80] { do for [b = 1:models - 1] { " \
    . "overlap = apart - (label_y[order[b + 1]] - label_y[order[b]]); " \
    . "if (overlap > 0) { label_y[order[b]] = label_y[order[b]] - overlap / 2.; " \
    . "label_y[order[b + 1]] = label_y[order[b + 1]] + overlap / 2. } } }; " \
    . "limit = bottom - 22; do for [b = 1:models] { k = order[models + 1 - b]; " \
    . "if (label_y[k] > limit) { label_y[k] = limit }; limit = label_y[k] - apart }"
