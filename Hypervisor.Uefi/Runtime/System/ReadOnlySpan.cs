using System.Runtime.CompilerServices;

namespace System;

/// <summary>A bounds-checked window for reading; tables and UTF-8 text in the image's read-only data are of this type.</summary>
public readonly ref struct ReadOnlySpan<T>
{
    private readonly ref T _reference;
    private readonly int _length;

    /// <summary>A window of <paramref name="length"/> elements at <paramref name="pointer"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe ReadOnlySpan(void* pointer, int length)
    {
        _reference = ref Unsafe.AsRef<T>(pointer);
        _length = length;
    }

    /// <summary>All of an array. The compiler replaces it for constant data.</summary>
    public ReadOnlySpan(T[]? array)
    {
        if (array == null || array.Length == 0)
        {
            this = default;
            return;
        }

        _reference = ref array[0];
        _length = array.Length;
    }

    /// <summary>Named by the language for UTF-8 literals, which replaces it by a window onto constant data.</summary>
    public ReadOnlySpan(T[]? array, int start, int length)
    {
        _ = array;
        this = default;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ReadOnlySpan(ref T reference, int length)
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
    public ref readonly T this[int index]
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
    public ReadOnlySpan<T> Slice(int start)
    {
        if ((uint)start > (uint)_length)
        {
            Internal.Runtime.CompilerHelpers.ThrowHelpers.ThrowIndexOutOfRangeException();
        }

        return new ReadOnlySpan<T>(ref Unsafe.Add(ref _reference, start), _length - start);
    }

    /// <summary><paramref name="length"/> elements from <paramref name="start"/> on.</summary>
    public ReadOnlySpan<T> Slice(int start, int length)
    {
        if ((ulong)(uint)start + (uint)length > (uint)_length)
        {
            Internal.Runtime.CompilerHelpers.ThrowHelpers.ThrowIndexOutOfRangeException();
        }

        return new ReadOnlySpan<T>(ref Unsafe.Add(ref _reference, start), length);
    }

    /// <summary>Copies all elements to <paramref name="destination"/>, which must be long enough.</summary>
    public void CopyTo(Span<T> destination)
    {
        if (_length > destination.Length)
        {
            Internal.Runtime.CompilerHelpers.ThrowHelpers.ThrowIndexOutOfRangeException();
        }

        for (int i = 0; i < _length; i++)
        {
            destination[i] = Unsafe.Add(ref _reference, i);
        }
    }

    /// <summary>For <c>foreach</c>.</summary>
    public Enumerator GetEnumerator() => new(this);

    /// <summary>The first element, for <c>fixed</c>.</summary>
    public ref readonly T GetPinnableReference() => ref _reference;

    /// <summary>The state of a <c>foreach</c>.</summary>
    public ref struct Enumerator
    {
        private readonly ReadOnlySpan<T> _span;
        private int _index;

        internal Enumerator(ReadOnlySpan<T> span)
        {
            _span = span;
            _index = -1;
        }

        /// <summary>The element the enumeration is at.</summary>
        public readonly ref readonly T Current => ref _span[_index];

        /// <summary>Goes to the next element; false behind the last one.</summary>
        public bool MoveNext() => ++_index < _span.Length;
    }
}
