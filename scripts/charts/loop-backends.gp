# loop-backends.gp: fetches a second of one event loop, by what it waits with, against the fetches in flight.
#
# Redraw: gnuplot loop-backends.gp   (reads ../data/loop-backends.csv; theme.gp says what else can be set)
# Data:   as rate-by-concurrency.gp has it, which draws this too; model is the backend

chart = 'loop-backends'
folder = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { folder = ARG0[1:i] } }
load folder . 'rate-by-concurrency.gp'
