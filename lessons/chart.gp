# chart.gp: what the lessons' charts share. A lesson's NAME.gp sets `chart` to its name and loads this
# file from the repository's folder, then reads its data and draws as any chart of waitbench does; see
# scripts/charts/theme.gp for what a caller may set (data, output, theme, format) and what it defines.

here = 'scripts/charts/'
if (!exists('data')) { data = 'results/lessons/' . chart . '.csv' }
if (!exists('output')) { output = chart . (exists('theme') && theme eq 'dark' ? '-dark' : '') . '.' . (exists('format') ? format : 'svg') }
load here . 'theme.gp'
subtitle_words = ''   # a lesson has no client and server to say the place of

# What is drawn in a lesson is often no model of waitbench's. These six are told apart by anyone (Okabe
# and Ito, 2008), in this order; where a series is a model, colour('threads') and the like are meant.
shade(k) = k == 1 ? 0xD55E00 : k == 2 ? 0x0072B2 : k == 3 ? 0x009E73 : k == 4 ? 0xE69F00 : k == 5 ? 0x56B4E9 \
    : k == 6 ? 0xCC79A7 : 0x8A8F96
faint(k) = mix(shade(k), paper, theme eq 'dark' ? 0.55 : 0.62)
# Where a panel lies on the page, in its 1920 × 1080 units: left, right, top, bottom of the axes.
panel(l, r, t, b) = sprintf('set lmargin at screen %g; set rmargin at screen %g; set tmargin at screen %g; set bmargin at screen %g', \
    px(l), px(r), py(t), py(b))
