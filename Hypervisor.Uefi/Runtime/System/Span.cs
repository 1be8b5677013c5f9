using System.Runtime.CompilerServices;

namespace System;

/// <summary>A bounds-checked window onto memory: how safe code of the image touches guest and device memory.</summary>
public readonly ref struct Span<T>
{
    private readonly ref T _reference;
    private readonly int _length;

    /// <summary>A window of <paramref name="length"/> elements at <paramref name="pointer"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe Span(void* pointer, int length)
    {
        _reference = ref Unsafe.AsRef<T>(pointer);
        _length = length;
    }

    /// <summary>All of an array.</summary>
    public Span(T[]? array)
    {
        if (array == null || array.Length == 0)
        {
            this = default;
            return;
        }

        _reference = ref array[0];
        _length = array.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Span(ref T reference, int length)
    {
        _reference = ref reference;
        _length = length;
    }

    /// <summary>Number of elements.</summary>
    public int Length
    {
        [Intrinsic]
        get => _length;
    }

    /// <summary>Whether there is no element.</summary>
    public bool IsEmpty => _length == 0;

    /// <summary>One element; an index out of range is a failed check.</summary>
    public ref T this[int index]
    {
        [Intrinsic]
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((uint)index >= (uint)_length)
            {
                Internal.Runtime.CompilerHelpers.ThrowHelpers.ThrowIndexOutOfRangeException();
            }

            return ref Unsafe.Add(ref _reference, index);
        }
    }

    /// <summary>The elements from <paramref name="start"/> on.</summary>
    public Span<T> Slice(int start)
    {
        if ((uint)start > (uint)_length)
        {
            Internal.Runtime.CompilerHelpers.ThrowHelpers.ThrowIndexOutOfRangeException();
        }

        return new Span<T>(ref Unsafe.Add(ref _reference, start), _length - start);
    }

    /// <summary><paramref name="length"/> elements from <paramref name="start"/> on.</summary>
    public Span<T> Slice(int start, int length)
    {
        if ((ulong)(uint)start + (uint)length > (uint)_length)
        {
            Internal.Runtime.CompilerHelpers.ThrowHelpers.ThrowIndexOutOfRangeException();
        }

        return new Span<T>(ref Unsafe.Add(ref _reference, start), length);
    }

    /// <summary>Copies all elements to <paramref name="destination"/>, which must be long enough.</summary>
    public void CopyTo(Span<T> destination) => ((ReadOnlySpan<T>)this).CopyTo(destination);

    /// <summary>Sets every element to its default.</summary>
    public void Clear()
    {
        for (int i = 0; i < _length; i++)
        {
            Unsafe.Add(ref _reference, i) = default!;
        }
    }

    /// <summary>Sets every element to <paramref name="value"/>.</summary>
    public void Fill(T value)
    {
        for (int i = 0; i < _length; i++)
        {
            Unsafe.Add(ref _reference, i) = value;
        }
    }

    /// <summary>The first element, for <c>fixed</c>.</summary>
    public ref T GetPinnableReference() => ref _reference;

    public static implicit operator ReadOnlySpan<T>(Span<T> span) => new(ref span._reference, span._length);
}
