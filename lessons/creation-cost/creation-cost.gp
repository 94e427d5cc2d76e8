# creation-cost.gp: what it costs to make somebody, run it and see it gone.
# Redraw, from the repository's folder: gnuplot lessons/creation-cost/creation-cost.gp
# Data: group,way,median_us,low_us,high_us,made

chart = 'creation-cost'
load 'lessons/chart.gp'

columns = 'group way median_us low_us high_us'
eval open_data

question = 'What does it cost to make somebody?'
subtitle = 'made, run once and gone; from a pool: handed over and done; each power of ten is a step'
caption = 'Median of fifteen rounds; the dark line is its interval. The large parent has every page of its memory in place, in 4 KiB pages. ' \
    . 'The work itself is one addition: with real work the making may not matter. What one of each keeps of memory is another lesson.'
after_colon(s) = strstrt(s, ': ') ? s[strstrt(s, ': ') + 2:] : s
last_group = ''
new_group(g) = (g eq last_group ? '' : (last_group = g, g))
bar_label(x) = after_colon(text('way'))
bar_group(x) = new_group(text('group'))
bar_value(x) = amount('median_us')
bar_low(x) = amount('low_us')
bar_high(x) = amount('high_us')
bar_colour(x) = strstrt(text('way'), 'coroutine') ? colour('coroutines') : strstrt(text('way'), 'thread') ? colour('threads') \
    : colour('processes')
bar_say(v) = seconds(v * 1e-6) eq '0 s' || v < 0.1 ? sprintf('%.0f ns', v * 1e3) : seconds(v * 1e-6)
bar_axis = 'µs each (less is better)'
bar_log = 1
bar_left = 640
load 'lessons/bars.gp'
