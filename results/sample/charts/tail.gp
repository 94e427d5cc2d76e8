# tail.gp: slow answers: who waits behind them, where URLs are drawn from one counter and where they are dealt out.
#
# Redraw: gnuplot tail.gp   (reads ../data/tail.csv; theme.gp says what else can be set)
# Data:   model,delays,counter_s,static_s   each with its interval in columns with _low and _high; `valid` 0 is no point

chart = 'tail'
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'

columns = 'model delays counter_s static_s'
panel_in = 'delays'
said_panel(p) = p eq 'fixed' ? tail_fixed : p eq 'lognormal' ? tail_lognormal : p eq 'pareto' ? tail_pareto \
    : starts(p, '1 % of ') ? sprintf(tail_slow, p[8:]) : p
strong = 'static_s'; weak = 'counter_s'
strong_words = tail_static; weak_words = tail_counter
told(v) = seconds(v)
axis_words = tail_axis
aside_in = ''; said_aside(v) = ''
question = tail_question
note = tail_note
load here . 'panels.gp'
