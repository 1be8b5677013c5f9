namespace Hypervisor.Control;

/// <summary>What has been written and not yet been seen.</summary>
internal static unsafe class OutputBuffer
{
    /// <summary>Bytes of the buffer.</summary>
    public const int Capacity = 1024;

    /// <summary>The bytes.</summary>
    public static Buffer Storage;

    /// <summary>Their number.</summary>
    public static int Length;

    /// <summary>The buffer.</summary>
    public struct Buffer
    {
        /// <summary>The bytes.</summary>
        public fixed byte Bytes[Capacity];
    }
}
