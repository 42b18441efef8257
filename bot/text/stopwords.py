"""Holds words that carry no meaning of their own, by language (ISO 639-1): left out of queries, never of pages."""

from collections.abc import Mapping

_WORDS = {
    "en": """
        a about after again all also am an and any are aren't as at be because been before being below between
        both but by can can't cannot could did didn't do does doesn't doing don't during each else for from
        further had has have having he he's her here hers him his how how's i i'd i'll i'm i've if in into is
        isn't it it's its itself just let's many may me might more most much my myself no nor not of off on once only or other
        our ours out over own please same shall she should so some such than that that's the their theirs
        them then there there's these they they're this those through to too under until up us very was
        wasn't we we're we've were what what's when when's where where's which while who who's whom whose
        why why's will with won't would you you're you've your yours yourself""",
    "de": """
        aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch auf
        aus bei beim bin bis bist bitte da dabei damit dann das dass daß dazu dein deine deinem deinen deiner
        dem den denn der deren des dessen dich die dies diese diesem diesen dieser dieses dir doch dort du
        durch ein eine einem einen einer eines er es etwas euch euer eure für gegen gewesen gibt hab habe
        haben hat hatte hatten hier hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in indem ins ist
        jede jedem jeden jeder jedes jene jetzt kann kannst können könnte machen man manche mein meine meinem
        meinen meiner mich mir mit muss musste müssen nach nicht nichts noch nun nur ob oder ohne sehr sein
        seine seinem seinen seiner seit sich sie sind so solche soll sollen sollte sondern sonst über um und
        uns unser unsere unserem unseren unter viel vom von vor war waren warum was weg weil welche welchem
        welchen welcher welches wenn wer werde werden wie wieder wieviel viele will wir wird wo wollen worden
        wurde würde zu zum zur zwischen""",
    "fr": """
        a ai aie alors as au aucun aussi autre aux avais avait avant avec avez avoir avons c ce cela celle
        celui ces cet cette ceux chaque ci comme comment d dans de depuis des doit donc dont du elle elles en
        encore entre es est et étaient était étant été être eu faire fait faut il ils j je l la là le les leur
        leurs lors lui m ma mais me mes moi mon n ne ni nos notre nous on ont ou où par parce pas peut peuvent
        peux plus pour pourquoi puis qu quand que quel quelle quelles quels qui quoi s sa sans se sera ses si
        sont sous sur t ta te tes toi ton tous tout toute toutes très tu un une vers vos votre vous y""",
    "es": """
        a al algo algunas algunos ante antes como cómo con contra cual cuál cuales cuáles cuando cuándo cuanta
        cuánta cuantas cuántas cuanto cuánto cuantos cuántos de debe debo del desde donde dónde dos durante e
        el él ella ellas ellos en entre era eran eres es esa esas ese eso esos esta está estaba estado están
        estar estas este esto estos estoy fue fueron ha haber había hace hacer hacia han hasta hay he la las
        le les lo los más me mi mí mis mucho muchos muy nada ni no nos nosotros nuestra nuestras nuestro
        nuestros o os otra otras otro otros para pero poco por porque pueda puede pueden puedo que qué quien
        quién quienes se sea ser si sí sido sin sobre solo son soy su sus también tan tanto te tener tengo ti
        tiene tienen todo todos tu tus un una unas uno unos usted ustedes y ya yo""",
    "it": """
        a abbiamo ad agli ai al alla alle allo anche avere aveva c che chi ci come con contro cosa cui d da
        dagli dai dal dalla dalle dallo degli dei del della delle dello deve devo di dove e è ed era erano essere
        fa fare fra gli ha hanno ho i il in io l la le lei li lo loro lui ma me mi mia mie miei mio ne negli nei
        nel nella nelle nello no noi non nostra nostre nostri nostro o ogni per perché più posso può qual quale
        quali quando quanta quante quanti quanto quella quelle quelli quello questa queste questi questo se sei
        si sia siamo sono sta stato su sua sue sugli sui sul sulla sulle sullo suo suoi ti tra tu tua tuo tutti
        tutto un una uno vi voi vostra vostro""",
    "pt": """
        a à ao aos aquela aquele aquilo as às até com como da das de dela dele deles depois do dos e é ela elas
        ele eles em entre era eram essa essas esse esses esta está estão estar estas estava este estes eu faço
        faz fazer foi foram há isso isto já lhe mais mas me mesmo meu meus minha minhas muito na não nas nem no
        nos nós nossa nossas nosso nossos num numa o onde os ou para pela pelas pelo pelos por porque posso pode
        podem qual quais quando quanto quantos que quem se sem ser será seu seus só sobre sou sua suas também te
        tem têm tenho ter teu tua tudo um uma umas uns você vocês""",
    "nl": """
        aan al alle als bij ben daar dan dat de deze die dit doen door dus een en er geen had hadden haar heb
        hebben heeft het hier hij hoe hoeveel hun iemand iets ik in is ja je jij jullie kan kunnen maar me meer
        men met mij mijn moet moeten mogen mag na naar niet niets nog nu of om omdat ons onze ook op over te
        tegen toch toen tot u uit uw van veel voor waar waarom wanneer want waren was wat we wel welk welke
        werd wie wij wil worden wordt zal ze zelf zich zij zijn zo zonder zou""",
    "sv": """
        alla allt än är att av bara blev bli blir de del dem den denna deras dess dessa det detta dig din dina
        ditt du där då efter ej eller en er ett för från får ha hade han hans har henne hennes hon honom hur här
        i inte jag ju kan kunde man med mellan men mig min mina mitt mot mycket måste ni nu när någon något några
        och om oss på samma sedan sig sin sina sitt ska skall skulle som så till under upp ut utan vad var vara
        varför varje vars vart vem vi vid vilka vilken vilket vill åt över""",
    "da": """
        af alle andre at blev blive bliver da de dem den denne der deres det dette dig din dine disse du efter
        eller en end er et for fra få får gør ham han hans har havde have hende hendes her hun hvad hvem hver
        hvilken hvis hvor hvordan hvorfor hvornår i ikke ind jeg jer kan kunne man mange med meget men mig min
        mine mit må når og også om op os over på sig sin sit skal skulle som sådan til ud under var ved vi vil
        ville være været""",
    "no": """
        alle andre at av bare ble bli blir da de den denne der dere deres det dette dei du eg eller en enn er et
        ett etter for fordi fra få får gjør ha hadde han hans har henne hennes her hun hva hvem hver hvilken hvis
        hvor hvordan hvorfor i ikke inn jeg kan kunne man mange med meg meget mellom men min mine mitt må mye
        når og også om opp oss over på seg selv sin sitt skal skulle som så til ut under var ved vi vil ville
        være vært""",
    "fi": """
        ei eivät emme en että et ette he hän häntä ja jos joka jotka jossa kanssa keitä ketä koska kuin kuinka
        kuka kun kuten me mihin mikä mille milloin millä minkä minun minä missä mistä miten mitä mitkä moni mutta
        myös ne niiden niin nyt olen olemme olet olette oli olisi ollut on onko ovat pitää saa saako se sekä sen
        siellä siinä sinä sitä tai te tämä tätä voi voiko voin vai""",
    "pl": """
        a aby albo ale bez bo być był była było były ci co czy dla do gdy gdzie go i ich ile im jak jaka jaki
        jakie jako je jego jej jest jestem jeszcze jeśli już każdy kiedy kto która które którego której który
        którzy którym lub ma mam mi mnie może można mogę moja moje mój musi muszę my na nad nam nas nasz nasze
        nie nich niż o od on ona one oni oraz po pod poza przed przez przy są się sobie ta tak także tam te tego
        tej ten to trzeba tu tych tylko tym u w we więc wszystko wy z za że""",
    "ru": """
        а без более будет будут бы был была были было быть в вам вас ваш весь во вот все всего всех вы где да
        даже для до его ее её если есть ещё еще же за здесь и из или им их к как какая какие какой ко когда кто
        куда ли либо мне может можно мой моя мы на над надо нам нас наш не него нее нет ни них но ну нужно о об
        он она они оно от очень по под после потому почему при про с сам свой свои себя сейчас со так также там
        тебя тем то тоже только том ты у уже чего чей чем через что чтобы эта эти это этого этой этом этот я""",
    "uk": """
        а але або без більше бути був була було були в вам вас ваш весь все від він вона вони воно де для до його
        її є ж з за зі і із й їх інший коли кого кому куди ми мій моя мене може можна на над нам нас наш не неї ні
        ним них о об один по під після при про чому що щоб скільки сам свій себе та так також там те
        ти то той тому тільки у хто це цей ця ці цього цьому чи через чого чиє як яка який які якщо я""",
    "cs": """
        a aby ale ani ano asi až bez být bude budou by byl byla bylo co což či do ho i já jak jaká jaké jaký jako
        je jeho jej její jejich jen jestli ještě již jsem jsme jsou k kam každý kde kdo kdy když ke která které
        který kteří má mám máme mé mě mezi mi mít mně můj může můžu my na nad nám nás náš ne nebo není než o od
        on ona oni ono po pod podle pokud pro proč protože při s se si své svůj ta tak také takže tam te ten tento
        to toho tu tuto ty u už v vám vás váš ve však vy z za ze že""",
    "tr": """
        acaba ama ancak bana bazı belki ben beni benim bir biri biz bize bizim bu bunu çok çünkü da daha de değil
        diye en gibi hangi hem hep her için ile ise kaç kadar kim ki mi mı mu mü nasıl ne neden nerede nereye o
        olan olarak oldu olur ona onlar onu onun sana sen siz sizin şey şu var ve veya ya yani yok""",
}

STOP_WORDS: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split()) for language, words in _WORDS.items()
}
