"""Sentences that half the world knows by heart, and that guessers try whole; their letters alone.

To zxcvbn they look like many unrelated words. Written by hand, since no library brings such a list; whoever
wants more names a list of leaked passwords (BREACHED_PASSWORDS).
"""

PHRASES = (
    "abandonallhopeyewhoenterhere", "actionsspeaklouderthanwords", "alliswellthatendswell",
    "allyouneedislove", "allyourbasearebelongtous", "anappleadaykeepsthedoctoraway",
    "ashestoashesdusttodust", "bohemianrhapsody", "changemeimmediately", "changethispassword",
    "correcthorsebatterystaple", "donttouchmyphone", "dontworrybehappy", "everylittlethingsgonnabealright",
    "forwhomthebelltolls", "frodobagginsoftheshire", "gameofthrones", "godblessafrica", "godblessamerica",
    "godhelpsthosewhohelpthemselves", "hakunamatata", "happybirthdaytoyou", "hastalavistababy",
    "houstonwehaveaproblem", "howmuchwoodwouldawoodchuckchuck", "iamyourfather", "ihaveadream",
    "ilovemyfamily", "ilovemymother", "imawesomeandiknowit", "inthebeginning", "ithinkthereforeiam",
    "itwasadarkandstormynight", "itwasthebestoftimes", "jesusismysavior", "jesuslovesme", "justdoit",
    "knockinonheavensdoor", "letmeinplease", "livelongandprosper", "lordoftherings", "maryhadalittlelamb",
    "maytheforcebewithyou", "mynameisinigomontoya", "mypasswordissecret", "mysecretpassword",
    "nevergonnagiveyouup", "nkosisikeleliafrika", "ohsaycanyousee", "onceuponatime", "oneringtorulethemall",
    "opensesame", "ourfatherwhoartinheaven", "playitagainsam", "pleaseletmein", "practicemakesperfect",
    "rosesareredvioletsareblue", "shakespeareinlove", "showmethemoney", "somewhereovertherainbow",
    "stairwaytoheaven", "supercalifragilisticexpialidocious", "thankyouverymuch", "theanswerisfortytwo",
    "theearlybirdcatchestheworm", "thelordismyshepherd", "thequickbrownfox", "thereisnoplacelikehome",
    "thereisnospoon", "thetruthisoutthere", "thisisapassword", "thisismypassword", "thisisnotapassword",
    "threeblindmice", "tobeornottobe", "todayisagoodday", "twinkletwinklelittlestar", "wearethechampions",
    "welcometothejungle", "whatdoesthefoxsay", "whatisthepassword", "whereisthelove", "whosyourdaddy",
    "winteriscoming", "withgreatpowercomesgreatresponsibility", "yabbadabbadoo", "youcanthandlethetruth",
    "youllneverwalkalone", "youonlylivetwice", "youshallnotpass",
)  # fmt: skip
