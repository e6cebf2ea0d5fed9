namespace ResTok.Models.Layers;

/// <summary>
/// Random numbers as a function of (seed, row, position, index): the counter-based generator Philox4x32-10 (Salmon et al.,
/// "Parallel random numbers: as easy as 1, 2, 3", SC 2011). Nothing is drawn in sequence, so results depend on no order.
/// </summary>
internal readonly struct RandomStream(long seed, ulong row, uint position)
{
    /// <summary>Four independent uniform 32-bit numbers.</summary>
    /// <param name="block">Which four.</param>
    public (uint, uint, uint, uint) Block(uint block) =>
        Philox(((uint)row, (uint)(row >> 32), position, block), ((uint)seed, (uint)((ulong)seed >> 32)));

    /// <summary>The generator itself.</summary>
    internal static (uint, uint, uint, uint) Philox((uint A, uint B, uint C, uint D) counter, (uint A, uint B) key)
    {
        (uint a, uint b, uint c, uint d) = counter;
        for (int round = 0; round < 10; round++)
        {
            ulong first = 0xD2511F53UL * a, second = 0xCD9E8D57UL * c;
            (a, b, c, d) = ((uint)(second >> 32) ^ b ^ key.A, (uint)second, (uint)(first >> 32) ^ d ^ key.B, (uint)first);
            key = (key.A + 0x9E3779B9, key.B + 0xBB67AE85);
        }
        return (a, b, c, d);
    }
}
