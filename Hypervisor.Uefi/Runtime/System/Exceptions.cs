namespace System;

/// <summary>Named by the compiler for failing checks. Nothing throws in the image: a failing check ends in <c>ThrowHelpers</c>.</summary>
public class Exception
{
    public Exception()
    {
    }

    public Exception(string? message)
    {
        _ = message;
    }
}

/// <summary>Named by the language for switch expressions without a match.</summary>
public sealed class InvalidOperationException : Exception
{
}
