/** Figures of Project Wycheproof (C2SP/wycheproof, Apache-2.0), rsa_oaep_3072_sha256_mgf1sha256. All base64. */

export const wycheproofRsaKey =
	"MIIG+wIBADANBgkqhkiG9w0BAQEFAASCBuUwggbhAgEAAoIBgQDG/iN5JWYCPCZSh8Wsb3FUHAmU0R0FnuZAOYbvohwktRvZHYhi+d95pOMo4+J8" +
	"g98mCyWptDQgr/xEtR6NdSW28pw3KkBRBHMgB1J6Yu2C+sc/SJKoDgloKkGljNNHAX8759gBM0+S2TIar9U7Ub/6v8dSz8yuCx7gO9r/nkKMwcEX" +
	"8ayWtP4j+MI+Y4EYamb9WSiTOa5VxLza2/+Eq9qlMiQNTh0ostBIHa3TskZVfKj+GAkoF3MLOebuN4/8yFsZ/9yRapuZGmtm1KnHurX156NyIQEU" +
	"LnpBCMFdVzsVKJ4H5G6uoHtCwqvLozDplVS0ZWFlu0wNsrY5OgfspXXFGpPE4VvbD3R5CUR+Pv40xnyolUtTDlaiChtthNRe0bzTqljsBvGE7lhX" +
	"qqgZ4cypom9OKNa5d9M5FtuYltJS0a+nYuKHyw04TMdb/lP06SLQLdCkgcBC4tMGtLPBiTceV1sl4ABaFkz2ndCXbk1b5HaAbqa+YITnGrT1rFwb" +
	"EgMCAwEAAQKCAYAPLVn6RvJxUDIiEE3w2W0c26iVa5+ZiqWIF3slsskPuap+lESPO/yh9AQJXdwr4Aj4h1gfiemB5rpIaUIDywAN5JIqmPPf2gWH" +
	"11cgk4QG/eaNepUI8U0hXzuzizqgC0qvgH7WlJnImv050NhkFlecodzrgYLccWew9Y+9+E2eG7cFAv9FXVeW2cXC6WbyvEbPoum31Onpi8BVtvrV" +
	"nR/ngpwCUcdij8TYAz97SnkX0xK2kpG8N5GkNQ3adG1se8Foe1/aGeSB6F6Ur1GHrPNKgFUHz0TFGEOta2gNSS2SH2kl8tuGCwbklSg0ef3/i/X+" +
	"B/Lkcof+DqwN3fokqm4fbkmGOnv/HkwqTfBVF6N4qak+jw8wkK8+moUSv0VsA94W8V3N6kiZHEepLLsvPdIw878lH3G25uWJZu/0WgVovMk+JG+1" +
	"3u47jCAUOP1nZD8xL0Y2Gib+U4oSRW1l6JQcz3EPx4uEwDCrRBG+wGuwjCqhKhxMGqIpoJoEOwLLZRUCgcEA9eyhbg6DaWsO2ayKgSVF2rpV8gqW" +
	"TE5jQ2BKfyvihg/On6FqHMkhIJOd64jf9oVQOD6thR+sB60bLoqbK7aVJdls6rt+6DzlDwjWSRB/RJoUUhpok/PzxcWnA7L8KL/P4mGk9/RQVYCA" +
	"3q6qtlHHqa5YbB5/XFLNqT5AqskI5OM1eYT8EWr5y+lTm8eo07NRpz6lwkE9HaLgtEi0VGcKyon/5zsUAem4VU/D8j1skEYjJRodKZYsqbJtlzNF" +
	"vExfAoHBAM8lRG9Zz1EpGd2/z6LZZwSVrZK28pXWEDIFf52m2+/EUQpiPCtHpSIAgqO8Qq8aFE+Yye5P2uQb4OxQHMyUsrBkAZEJmzVWERYN6zJ+" +
	"is4Bi4mAJe9HDkNz7B2X9mnimOHYRcZVPApUbMsWjVtRDb5gGP1O2aNUX5vbgZaPSm18eQ5cNHKajvtJYIb6EwAkmriyjziVHXvuHBJ6w8TQvVlu" +
	"3uHp0XeB27gifXtdds6Li84DxdM5uXV5gWEISMVc3QKBwGNXpZZ50mgBUUxpQMIOtns3DoTp9fD5MWwEN9PLfIQ/Wm5tnBnovbMVLpP5BM/m5pLx" +
	"7tJ6CtpG+VYBs9Eivnk9rZvdBdT21GkQXs/BFEg4HcFU3a32vCDGSUNbSDWF1opSe3uWe+UuNeC+mkNwIcHPpfR3FWfMIzwc466Z6zfa+L0QFWtL" +
	"1YCjzpx9ORvbsj5nNjqUdAXGyBLL09zMizVqLa/Q07I6IbaEtFjkqzhUvNm+BM3J1lzusQqFMcRw7QKBvwTa2r/BWxqL3A9Wb4dhkQiKeYb2wrjA" +
	"S6DggB0xy/XSpBOaOc7J3xTs7iLoRqfT9KXo7tKnDHpMLPlc50/kLEv2DBNaJkkZu0zJBrooPRiW8K5IUptJDwyFqwMGjL/uj6a7auc7GC0lzWb1" +
	"IFsDi07q8ar+Lhul3pfIjUD6GsR2JmAvyQrmlHNPRPPk6I0YTogFp1WsKQS+j+ne9remLMnrz018LWyfnoaySD6b8izlGGG7tOc+cxpNvrqHdy0p" +
	"AoHAIUofcxMOSLM2/gG5UIhezbNEPZPn6Mpi+w2pa9QjdZ2L5VLIvkTxOfvubsJLdfvwdE+sTaq/VIj+bDYA2bjpqSJIH8dKej1iJmLbjIUxjeSO" +
	"6LcW8ZQp+1lJkNpwXr3372YT3Wv4hcFq1l6f5sKAOGvul2wl26/4+/abrtlRC+Xt7T+Q4LpKl+XIGiGJ8RRnB0Wrle3aIVvQX9x4kp+gz+iwHIPy" +
	"rsk+OtGjNP2FqoeU6s+VWuXazUWyaHQfyhlc";

/** Base64 of label, message and ciphertext; a message of `undefined` must not come out. */
export interface OaepCase {
	readonly name: string;
	readonly label: string;
	readonly message: string | undefined;
	readonly ciphertext: string;
}

export const wycheproofOaep: readonly OaepCase[] = [
	{
		name: "tcId 2: Normal",
		label: "",
		message: "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		ciphertext:
			"Sq6FlYg97eoTof1lZAWuGpR4XrhjGOGBt0czEBkIdobLgbJZ+GTGpSQTejFvdEwNCSNI/gQo4dlVG9QCQENC4d8z90kcOBpPMq5Wh7+uB+HECMPm" +
			"VyD1TFoWiinfa3+8GDX6Se1ai0LyrLve+zz1j7aHbCoKcQvcXJAyAYxrMmOJs8Mu+9eu+o394K57vYKeYWDO8shjIzUAa6rTL6evH8n8PsWsnE96" +
			"8ibnVhy0QzjUKNl4htKQCZieHYdWUMnz+oryoJJPk9ANLPyq5n6Kie802Wr7pHiiULeZXniChzvshpVBwC7Ua0EKt1ohTw/wjOrtREQICkrea685" +
			"qqnZulJIfcozdZFTNFU4FD0Rr18MozWio7lOEEXaf/aQpL1FT7eIvXxzsLFuNewnZgJP0Lf6RODKAfxh4zGx/IsJ9UmpRhAeK2DDOTBKSNBE/iMS" +
			"iBKdK3DWsIWSKI0XUYPkQrmqT17G6sAUi2vh+YkmPTzzSn/yZVObjjTCEXt6HHYW",
	},
	{
		name: "tcId 9: EncryptionWithLabel",
		label: "AAECAwQFBgcICQoLDA0ODxAREhM=",
		message: "MTIzNDAw",
		ciphertext:
			"Hx7z4pVsMfa5j7QUGkL7KxoUMxtVkfQLXzT7PP9TZ1Pu2F+cVPJMdrKc9wEIdbF+K9rd3/4jDUEch3GKXwzb5sEgreZrIXGUm8999l5saHJJwN7c" +
			"01jDiqG2GGfiQ1xHj0a+iFOQbMCHQaHAksL8V3oLijLIGENFdbVL1Y4X/NGm+RCxhd9TRJ+oind/H3laie7iWGwcrNTRJ3Mzyi674EMBkCiWZcPv" +
			"6gWHEidnD9ByUGUqHdKvpu2cKV68aLFaJUcl3WAG0orsaxrNr7ppJHeQzqzt9e/0N9Vppx5VZNbsbJDSleIl+/Ul52suRmmFSCknNFc36r+jQEbv" +
			"YYSUrxyEex2Bny+ZsVwTuOgX1DfbOKV09m2oRfVIlXEPG2hcvdg/v/mDWibeB0xbFxLZjU4DbJcg2SFzm489wyDx0mauWzZ7kvXjOuKKegb3J/Lf" +
			"VDflXDJcsjPIAd32sSJAzNC424wxpcplLNDjO8EIf0u9cKAUJheQOVZEP0zOpc2T",
	},
	{
		name: "tcId 12: first byte of l_hash modified",
		label: "",
		message: undefined,
		ciphertext:
			"XmqF0uTrrjI835GeEqyOUCjgvRJQHFyB8qMNqjmgzhXtJecFxZ7at+U4lemktgsKDHXxHZhKXNxF2PMAOYhox2yXPl1H9Qgxy+mUxcdmM1dL3p8n" +
			"S96V9fTHoFx8dPWXGOFSwYK03J+G7DpnfYJKxj0zql39fWlbxAmj8i2EtNde/6fIC2RkexNE6UgIeuy7+8YHtmdhH9fD+EfOIj0M5u4TH3Xu4Byt" +
			"FxMbXegh+n1rRYz5ieMAXs9vzR9s0CIWLClj4FiTkSzfqbBmNK4OBApzKEQUqabY+KwuI7Ud3LEIWGIWvO4/B8exq8hMQbmM7eM9XEq4+CWaoMUq" +
			"S2y7dUqiHCsuvoOWIDllHJFZ7GXaQ0WPb/OX2VA9Qe4QLQRW7FixuOKP69uoLckuXmlBoJfI5AZVn4QQl0+vu3ep9ysFZr3oEzBrGn33YD9zHomC" +
			"8XMLlfnlQbKe7UD6hZeARAZ2UMVerQEkDljEVtlBYUWwEkFw8QZ14i0ykg6RwReE",
	},
	{
		name: "tcId 19: ps is all zero",
		label: "",
		message: undefined,
		ciphertext:
			"EelYokp1Sr9iC/ssJlxWjkHtTmAb1k4ZGKR1moTWytocO3BMm1wko743rrqF5TmzPAXrxoXoG+Mz1Znz++o2TrY8q/cbV9nLOO5L8B7P56Dff3nT" +
			"kJgafVaua+B8V4nkLOUKm7hOOIMB4Af/gj+VtnfYzAwLp9Mg+UAyNp6r2FAKy/vyBA3WjPatKrzprT+OVAM8gePi6e2Wa1ZVTU8KgTTj/Rj6zT3U" +
			"4NPl/nvi4RIekm9vfOlydHXAR4pzvSJW1dDZDE6hRLXtkeOYT+uyRpqFgCApTHxWGuLq0KBfQi+gHn2R+d2x5QpL1mGfhBNJ9cmYVU8COxmrssXn" +
			"fLC7FMJjAVjje4P/xadlPZekLH1nD+uNGa0qOlvjo5EQJPx9eXw/J7hJI+aDfraiTvTJqV9DehfQ+u5Z3BgXcc38bJiffPkASjU+S6hP3vdIcQJO" +
			"vmZ+TP8pWYMM6k8sz+moP1g4jlYJD/m6cnh1lQi2XTnE1Ol38NDsEoC3MX5CuPBa",
	},
	{
		name: "tcId 28: ciphertext not reduced",
		label: "",
		message: undefined,
		ciphertext:
			"KIEUl5G0CZ9JePCzqaCJNGuxq/xFRND6AYGuUEuWdytMvO6KLIOBwEIWApk/T5Qp2kSs8LTKwxbYmH+aETPfG1skUUJAVS+49EY37HujVMVj8nZf" +
			"0mBtroPXtPjys5JAhtHG+Y+0T882n7EM9b259EJ9F8XCCOAFlb/6Z4eXagYb2n4vbOsx+skyqcA7KcpBLNY/goU8XSq0UfIGTfKXEZoQ6D/DxB7N" +
			"IWaI+TO4TK69DbrzQEZWCIfnzmIfUPNf9Z634UyE8TWomo+6+3zhqy7+kS8vPFdagQwo4WVlXj+aTQnayMjNuQIxtEnfH8/+qGmd3mynC3Eds0iO" +
			"626abQJVvk93NXhFd+uofLkd2NI4pjFYu8XuQjHP31HjpL/tbej5fXWt6UDLxD3C0KfsoS1+tTC6d/RYfNIDCZMv+7wD6MiIQupTh+08OvbsOHVp" +
			"pjknR3pglseh+OKGSAzjtDWhDNwK3u5rBVFfD9PtUxlKGFM6QE/lcnFnZKhbkAARAA==",
	},
];
