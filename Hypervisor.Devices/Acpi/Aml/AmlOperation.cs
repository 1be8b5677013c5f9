namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>What an operation still has to read, first things first, and what kind of operation it is.</summary>
/// <param name="code">Up to twelve arguments of five bits, lowest first; four flags at the top.</param>
internal readonly struct AmlOperation(ulong code)
{
    /// <summary>Bits of one argument.</summary>
    internal const int ArgumentBits = 5;

    /// <summary>It is no expression: where one is expected, this cannot be it.</summary>
    internal const ulong Statement = 1UL << 60;

    /// <summary>What stands inside may be there or not: If, Else, While.</summary>
    internal const ulong Conditional = 1UL << 61;

    /// <summary>No operation: the byte means nothing.</summary>
    internal const ulong Unknown = 1UL << 62;

    private const ulong ArgumentMask = (1UL << ArgumentBits) - 1;
    private const ulong AllArguments = Statement - 1;

    /// <summary>Terms up to the end: a whole table.</summary>
    internal static AmlOperation Table => new((ulong)AmlArgument.Terms | Statement);

    /// <summary>The next argument.</summary>
    internal AmlArgument First => (AmlArgument)(code & ArgumentMask);

    /// <summary>The same without the next argument.</summary>
    internal AmlOperation AfterFirst => new(((code & AllArguments) >> ArgumentBits) | (code & ~AllArguments));

    /// <summary>Whether it is no expression.</summary>
    internal bool IsStatement => (code & Statement) != 0;

    /// <summary>Whether what stands inside may be there or not.</summary>
    internal bool IsConditional => (code & Conditional) != 0;

    /// <summary>Whether the byte is a code at all.</summary>
    internal bool IsKnown => (code & Unknown) == 0;

    /// <summary>A call: as many expressions as the method takes, 7 at most.</summary>
    internal static AmlOperation Call(int arguments)
    {
        ulong terms = 0;
        for (int i = 0; i < arguments; i++)
        {
            terms = (terms << ArgumentBits) | (ulong)AmlArgument.Term;
        }

        return new AmlOperation(terms);
    }

    /// <summary>The body of a method, read for what it gives back.</summary>
    internal static AmlOperation Body() => Table;
}
