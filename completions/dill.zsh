#compdef dill
# SPDX-License-Identifier: MIT
# zsh completion for dill: the program knows what may follow.

local -a offered open closed
offered=("${(@f)$("${(Q)words[1]}" --complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
open=("${(@M)offered:#*[/=:]}")
closed=("${(@)offered:#*[/=:]}")
closed=("${(@)closed:#}")
compadd -S '' -a open
compadd -a closed
