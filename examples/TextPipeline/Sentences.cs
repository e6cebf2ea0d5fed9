/// <summary>What the classifier learns from, and what it then draws.</summary>
internal static class Sentences
{
    public static Sentence[] Known { get; } =
    [
        .. About("sunset", "The sun sinks below the sea.", "Evening sky glows red and orange.", "The sun goes down over the hills.",
            "Last light of the day on the horizon.", "A red sun above the water at dusk.", "Golden evening at the beach, the sun is low."),
        .. About("stripes", "A shirt with blue and white stripes.", "Lines run side by side.", "A zebra is striped black and white.",
            "Straight bands of colour, one beside the other.", "The flag has three stripes.", "Striped wallpaper with parallel lines."),
        .. About("checks", "A chessboard of black and white squares.", "The tablecloth is checked red and white.", "Tiles on the kitchen floor, dark and light in turn.",
            "A checked pattern of squares.", "Checkerboard squares, eight by eight.", "Her scarf has checks."),
        .. About("rings", "Circles around a common centre.", "A target with rings to shoot at.", "The stone makes round ripples in the pond.",
            "Rings of an old tree trunk.", "An archery target, circle in circle.", "Ripples spread in circles."),
        .. About("leaves", "Leaves cover the ground in autumn.", "The wind blows dry leaves about.", "A pile of fallen leaves.",
            "Foliage, leaf upon leaf.", "Colourful leaves lie on the path.", "In autumn the leaves fall."),
        .. About("clouds", "White clouds drift across the blue sky.", "A cloudy day before the rain.", "Fluffy clouds float high up.",
            "The sky is full of clouds.", "A storm cloud gathers.", "Grey sky, clouds and a little rain."),
        .. About("house", "A house with a door and two windows.", "Smoke rises from the chimney on the roof.", "We live in a small cottage.",
            "The roof of the house is red.", "A home with a garden fence.", "They built a new house with large windows."),
        .. About("face", "A smiling face with two eyes.", "She has a round face and a big nose.", "His mouth laughs, his eyes shine.",
            "A portrait of a man.", "The child looks happy and smiles.", "Eyes, nose and mouth."),
        .. About("letter", "The letter A in print.", "A capital letter of the alphabet.", "The first letter of my name.",
            "One character written in bold.", "The alphabet has twenty-six letters.", "Write the letter B."),
        .. About("flower", "A flower with yellow petals.", "Roses bloom in the garden.", "A daisy in a green meadow.",
            "The tulip opens its petals.", "She picks flowers for a bouquet.", "A sunflower in full bloom."),
        .. About("tree", "A tall tree with a thick trunk.", "The oak spreads its branches.", "Birds sit in the branches of a pine.",
            "A forest of firs and pines.", "The trunk of the old tree is crooked.", "An apple tree with long branches."),
    ];

    /// <summary>None of these is among the known.</summary>
    public static Sentence[] ToDraw { get; } =
    [
        .. About("sunset", "The evening sun is low over the sea."),
        .. About("stripes", "A white shirt with green stripes."),
        .. About("checks", "Black and white squares of a chessboard."),
        .. About("rings", "Circle around circle, like a target."),
        .. About("leaves", "Dry leaves fall on the ground."),
        .. About("clouds", "Clouds float across a grey sky."),
        .. About("house", "A cottage with a red roof and a chimney."),
        .. About("face", "A happy face, its eyes and mouth smile."),
        .. About("letter", "A bold capital letter."),
        .. About("flower", "The petals of a garden flower in bloom."),
        .. About("tree", "An old pine with a thick trunk and long branches."),
    ];

    private static IEnumerable<Sentence> About(string name, params string[] texts) => texts.Select(text => new Sentence { Text = text, Class = name });
}
