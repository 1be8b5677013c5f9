using Hypervisor.Core.Host;

namespace Internal.Runtime;

/// <summary>
/// Where the few objects of the image live for ever: mediators and what they hold, made before launch. Nothing on the exit path allocates: the check after linking
/// sees to it (S3).
/// </summary>
internal static unsafe class ObjectArena
{
    private const int Capacity = 128 * 1024;
    private const int ArrayLengthOffset = 8;
    private const ulong Alignment = 8;

    private struct Memory
    {
        public fixed byte Bytes[Capacity];
    }

    private static Memory s_memory;
    private static ulong s_used;

    /// <summary>Forgets all objects: what the loaded driver has made means nothing to the copy that runs.</summary>
    internal static void Clear() => s_used = 0;

    /// <summary>An object.</summary>
    internal static void* New(MethodTable* type)
    {
        byte* memory = Allocate(type->BaseSize);
        *(MethodTable**)memory = type;
        return memory;
    }

    /// <summary>An array.</summary>
    internal static void* NewArray(MethodTable* type, nint length)
    {
        if ((ulong)length > Capacity)
        {
            FailFast.Stop("an array is longer than the arena of objects"u8);
        }

        byte* memory = Allocate(type->BaseSize + ((ulong)length * type->ComponentSize));
        *(MethodTable**)memory = type;
        *(nint*)(memory + ArrayLengthOffset) = length;
        return memory;
    }

    private static byte* Allocate(ulong size)
    {
        size = (size + Alignment - 1) & ~(Alignment - 1);
        if (size > Capacity - s_used)
        {
            FailFast.Stop("the arena of objects is full"u8);
        }

        fixed (byte* memory = s_memory.Bytes)
        {
            byte* place = memory + s_used;
            s_used += size;
            for (ulong i = 0; i < size; i++)
            {
                place[i] = 0;
            }

            return place;
        }
    }
}
