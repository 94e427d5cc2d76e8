# whole.bash: what is written whole or not at all; for scripts that source it.
# shellcheck shell=bash

# What is being written now, under a name of this process's own: another may be writing the same. Where a script is
# ended meanwhile, its EXIT trap takes this away.
part=''

# TEXT as a string of gnuplot.
gnuplot_string() {
    local text=${1//[[:cntrl:]]/ }
    printf "'%s'" "${text//\'/\'\'}"
}

# Whether the picture has its end. Usage: is_whole FILE [FORMAT], by default what it ends in
is_whole() {
    local end
    end=$(tail -c 8 "$1")
    case ${2:-${1##*.}} in
    svg) [[ $end == *'</svg>' ]] ;;
    png) [[ $end == IEND* ]] ;;
    pdf) [[ $end == *%%EOF ]] ;;
    esac
}

# gnuplot does not say that it could not write: what lacks its end is thrown away, and it fails.
# Usage: draw_aside PICTURE GNUPLOT-ARGUMENT…
draw_aside() {
    local picture=$1 drawn=no
    shift
    part=$picture.$$.part
    gnuplot -e "output=$(gnuplot_string "$part")" "$@" && is_whole "$part" "${picture##*.}" &&
        mv "$part" "$picture" && drawn=yes
    rm -f "$part"
    part=''
    [[ $drawn == yes ]]
}

# What the COMMAND prints becomes FILE; if it fails, so does the script. Usage: write_aside FILE COMMAND…
write_aside() {
    part=$1.$$.part
    "${@:2}" >"$part"
    mv "$part" "$1"
    part=''
}

# For an EXIT trap: true where something was not written, which it says. Usage: drop_part SCRIPT
drop_part() {
    [[ -n $part ]] || return 1
    rm -f "$part"
    printf '%s: %s: not written\n' "$1" "${part%."$$".part}" >&2
}
