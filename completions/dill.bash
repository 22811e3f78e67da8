# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# bash completion for dill: the program knows what may follow.

_dill()
{
	local words=() word last=${COMP_WORDS[COMP_CWORD]} current strip i

	# readline splits at = and : too: put the words together again.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((${#words[@]})) && { [[ $word == '=' || ${words[-1]} == *[=:] ]] ||
			[[ $word == ':' && (${words[-1]} != -* || ${words[-1]} == *=*) ]]; }; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
	done
	((${#words[@]})) || return
	current=${words[-1]}
	[[ $last == [=:] ]] && last=''
	strip=${current%"$last"}
	mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" --complete "${words[@]}" 2>/dev/null)
	for i in "${!COMPREPLY[@]}"; do
		[[ -e ${COMPREPLY[i]#unix:} ]] && compopt -o filenames 2>/dev/null
		[[ ${COMPREPLY[i]} == *[/=:] ]] && compopt -o nospace 2>/dev/null
		COMPREPLY[i]=${COMPREPLY[i]#"$strip"}
	done
}
complete -F _dill dill
