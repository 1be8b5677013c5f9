namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>
/// What stands behind an operation's code: the parts of the grammar of ACPI 6.5 §20.2, as far as they are told apart here.
/// </summary>
internal enum AmlArgument
{
    /// <summary>Nothing more: the operation is complete.</summary>
    None,

    /// <summary>One byte.</summary>
    Byte,

    /// <summary>Two bytes.</summary>
    Word,

    /// <summary>Four bytes.</summary>
    DWord,

    /// <summary>Eight bytes.</summary>
    QWord,

    /// <summary>Letters up to a zero.</summary>
    Text,

    /// <summary>An expression (TermArg).</summary>
    Term,

    /// <summary>What a method gives back: an expression that is looked at where that method stands for an object.</summary>
    Result,

    /// <summary>Where a result goes (SuperName, Target): a name is not a call here, and zero means nowhere.</summary>
    Target,

    /// <summary>A name that is only mentioned.</summary>
    Mention,

    /// <summary>PkgLength: everything up to the end it tells belongs to the operation.</summary>
    Length,

    /// <summary>Terms up to the end.</summary>
    Terms,

    /// <summary>Bytes up to the end that are no terms, or are looked at elsewhere.</summary>
    Rest,

    /// <summary>Fields up to the end (FieldList).</summary>
    Fields,

    /// <summary>The name of a thing whose value does not matter.</summary>
    NewObject,

    /// <summary>The name of a thing that holds others: Device and its like.</summary>
    NewScope,

    /// <summary>The name of a scope that exists.</summary>
    OldScope,

    /// <summary>The name of Name, whose value is looked at.</summary>
    NewName,

    /// <summary>The name of Method, with its flags, and the body behind them.</summary>
    NewMethod,

    /// <summary>Both names of Alias.</summary>
    NewAlias,

    /// <summary>The name of External, with type and number of arguments.</summary>
    NewExternal,
}
