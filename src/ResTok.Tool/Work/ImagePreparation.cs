using System.Threading.Channels;
using ResTok.Tool.Inputs;

namespace ResTok.Tool.Work;

/// <summary>
/// Reads images on one thread, decodes them on several, and gives them in the order in which they were read. What is under way is
/// bounded, so that memory is flat however long the data set is. Scaled decoding decodes no more of a JPEG than the views need.
/// </summary>
internal sealed class ImagePreparation(IImageViews views, int decoders, bool scaledDecoding = false)
{
    private const int AheadOfDecoder = 8; // images, each

    /// <summary>The images in order; whoever takes one disposes it.</summary>
    public IEnumerable<PreparedImage> Run(IEnumerable<InputImage> images)
    {
        Channel<PreparedImage> waiting = Channel.CreateUnbounded<PreparedImage>(); // bounded by the order below
        Task[] workers = [.. Enumerable.Range(0, decoders).Select(_ => Task.Factory.StartNew(Decode, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        IEnumerable<PreparedImage> ordered = ReadAhead.Of(Announce(), decoders * AheadOfDecoder, Drop);
        try
        {
            foreach (PreparedImage image in ordered)
            {
                image.Wait();
                yield return image;
            }
        }
        finally
        {
            waiting.Writer.TryComplete();
            Task.WaitAll(workers);
        }

        IEnumerable<PreparedImage> Announce()
        {
            foreach (InputImage image in images)
            {
                var prepared = new PreparedImage(image);
                waiting.Writer.TryWrite(prepared);
                yield return prepared;
            }
        }

        void Decode()
        {
            foreach (PreparedImage image in waiting.Reader.ReadAllAsync().ToBlockingEnumerable())
                image.Prepare(views, scaledDecoding);
        }

        void Drop(PreparedImage image)
        {
            image.Wait();
            image.Dispose();
        }
    }
}
